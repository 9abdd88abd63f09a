"""Says how many of the chosen images can be used, before anything starts."""

import streamlit as st

from facedemo.app.shared import image_source
from facedemo.app.shared.markdown import escaped
from facedemo.data.cropping import Crop
from facedemo.data.labels import found_labels
from facedemo.data.scan import Scan, scan
from facedemo.data.source_files import DataError

FRESH = 30  # seconds, after which a folder is looked at again


def show_image_check(prefix: str, crop: Crop = "auto", labelled: bool = False) -> str | None:
    """One line below the controls of `image_source.control`; nothing before a path or a file is given.

    prefix: as for `image_source.control`.  labelled: whether the images need labels.  Returns the source, or None if it
    cannot be used.
    """
    kind, identity = st.session_state[f"{prefix}_kind"], image_source.identity(prefix)
    if kind not in (image_source.PATH, image_source.UPLOAD) or identity == f"{kind} ":
        return None
    try:
        images = source(prefix, identity)
        scan = scanned(images, crop)
        if not scan.enough:
            raise DataError(scan.summary())
        labels = counted_labels(images) if labelled else ""
    except (ValueError, OSError) as error:
        st.warning(escaped(error), icon=":material/image_not_supported:")
        return None
    st.caption(escaped(f"{scan.summary()} {labels}"))
    return images


def source(prefix: str, identity: str) -> str:
    """The chosen source; an upload is stored once, not at every rerun.  Raises as `image_source.chosen` does."""
    key = f"{prefix}_stored"
    if st.session_state.get(key, ("",))[0] != identity:
        st.session_state[key] = identity, image_source.chosen(prefix)
    return st.session_state[key][1]


@st.cache_data(ttl=FRESH, max_entries=16, show_spinner="Counting the images…")
def scanned(source: str, crop: Crop = "auto") -> Scan:
    return scan(source, crop)


@st.cache_data(ttl=FRESH, max_entries=16, show_spinner="Looking for labels…")
def counted_labels(source: str) -> str:
    return found_labels(source)
