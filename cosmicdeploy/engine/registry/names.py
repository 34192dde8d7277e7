"""Names of images: their repository, and their tag."""

from __future__ import annotations

from cosmicdeploy.engine.facts import Image

DEFAULT_TAG = "latest"


def repository_of(reference: str) -> str:
    """Return a name without tag and digest: "host:5000/shop/app" of "host:5000/shop/app:2"."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def tag_of(reference: str) -> str:
    """Return the tag of a name, "latest" if it has none; of a name with a digest alone, that."""
    name, _, digest = reference.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest[:19] or DEFAULT_TAG


def digest_of(image: Image | None, reference: str) -> str:
    """Return the name by digest ("repository@sha256:…") that an image has in a registry.

    Prefers the repository of `reference`; "" if the image has none.
    """
    digests = image.digests if image else ()
    repository = repository_of(reference)
    own = [digest for digest in digests if repository_of(digest) == repository]
    return next(iter((*own, *digests)), "")
