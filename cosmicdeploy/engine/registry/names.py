"""Parse the names of images: repository, tag and digest."""

from __future__ import annotations

from cosmicdeploy.engine.facts import Image

DEFAULT_TAG = "latest"


def repository_of(reference: str) -> str:
    """Return a name without its tag and digest: "host:5000/shop/app:2" → "host:5000/shop/app"."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def tag_of(reference: str) -> str:
    """Return the tag of an image name.

    For a name with only a digest, returns the digest's first 19 characters ("sha256:" and 12
    digits). For a name with neither, returns "latest".
    """
    name, _, digest = reference.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest[:19] or DEFAULT_TAG


def digest_of(image: Image | None, reference: str) -> str:
    """Return an image's name by digest, "repository@sha256:…"; "" if the image has none.

    Of several such names, prefers one in the repository of `reference`.
    """
    digests = image.digests if image else ()
    repository = repository_of(reference)
    own = [digest for digest in digests if repository_of(digest) == repository]
    return next(iter((*own, *digests)), "")
