// The cookie lasts a day, is sent to this site alone and, behind TLS, never without it.
export default function ({ data }) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = data.token ? 24 * 3600 : 0;
  document.cookie = `${data.name}=${data.token}; Max-Age=${age}; Path=/; SameSite=Strict${secure}`;
}
