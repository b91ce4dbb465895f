"""What of a folder no prompt gets: secrets, what is not text, and what no person wrote."""

import re

LARGEST = 1_000_000
"""Bytes of the largest file that is looked at."""

_FOLDERS = frozenset(
    {
        *(".git", ".hg", ".svn", ".bzr", ".jj"),
        *(".aws", ".azure", ".docker", ".gnupg", ".kube", ".ssh", ".gcloud", ".password-store"),
        *("node_modules", "bower_components", "__pycache__", "site-packages", ".venv", ".tox", ".nox"),
        *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".gradle", ".terraform"),
        *(".idea", ".vs", ".next", ".nuxt", ".cache", ".parcel-cache", ".eggs"),
    }
)

_SECRET_NAMES = frozenset(
    {
        *(".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".my.cnf", ".htpasswd", ".s3cfg", ".boto"),
        *(
            ".git-credentials",
            ".dockercfg",
            ".dockerconfigjson",
            ".vault-token",
            "kubeconfig",
            "auth.json",
        ),
        *(
            "terraform.rc",
            ".terraformrc",
            "shadow",
            "wp-config.php",
            "local.settings.json",
            "parley.toml",
        ),
    }
)
_SECRET_BEGINNINGS = (".env", ".yarnrc", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519")
_SECRET_ENDINGS = (
    *(".env", ".pem", ".key", ".p12", ".p8", ".pfx", ".jks", ".keystore", ".ppk", ".kdb", ".kdbx"),
    *(
        ".agekey",
        ".gpg",
        ".pgp",
        ".asc",
        ".ovpn",
        ".kubeconfig",
        ".tfstate",
        ".tfstate.backup",
        ".tfvars",
    ),
    *(".tfvars.json", "_rsa", "_ed25519", "_history"),
)
_CONFIDENTIAL = re.compile(
    r"(?:.*[._-])?(?:credentials?|secrets?|passwords?|passwd|api[-_]?keys?|tokens?|service[-_]account)"
    r"(?:[_-][^.]*)?(?:\.(?:json5?|ya?ml|toml|ini|cfg|conf|txt|xml|properties|plist|csv|tsv|enc|bak))?"
)
"""Data of that name; a program of that name is code as any other."""
_MAY_BE = re.compile(r"cred|secr|pass|key|token|account")

_GENERATED_NAMES = frozenset({"go.sum", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml"})
_GENERATED_ENDINGS = (
    *(".min.js", ".min.css", ".bundle.js", ".map", ".lock", ".lockb", ".snap", ".g.dart", ".designer.cs"),
    *("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", ".pb.go", ".pb.cc", ".pb.h"),
)

_NO_TEXT_KINDS = """
    7z a avi avif bin bmp bz2 class cr2 dat db dll dmg doc docx ear eot exe flac gif gz heic icns ico
    img iso jar jpeg jpg lib lz4 m4a mkv mov mp3 mp4 mpeg npy npz o obj odt ogg onnx otf parquet pdf
    pickle pkl png ppt pptx psd pt pth pyc pyd pyo rar rlib safetensors so sqlite sqlite3 svg svgz swf
    tar tgz tif tiff ttf wasm wav webm webp whl woff woff2 xls xlsx xz zip zst
"""
_NO_TEXT = frozenset(_NO_TEXT_KINDS.split())

_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|PuTTY-User-Key-File-")
_NOTICE_WITHIN = 1_000
_LONGEST_LINES = 300
"""Bytes that a text's lines have on average, at most, where a person wrote them."""

_TOKEN = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[opsur]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}"
    r"|\bsk-[A-Za-z0-9_-]{20,}|\b[sr]k_live_\w{16,}|\bxox[abeprs]-[\w-]{10,}|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}|\b\d{8,10}:AA[\w-]{33}\b"
)


def is_folder_left_out(name: str) -> bool:
    """Whether a folder of that name holds nothing that a person wrote for others to read."""
    return name.casefold() in _FOLDERS


def is_name_left_out(name: str) -> bool:
    """Whether a file is left out for its name alone."""
    low = name.casefold()
    return (
        low == ".git"
        or low in _SECRET_NAMES
        or low in _GENERATED_NAMES
        or low.startswith(_SECRET_BEGINNINGS)
        or low.endswith(_SECRET_ENDINGS)
        or low.endswith(_GENERATED_ENDINGS)
        or ("." in low and low.rpartition(".")[2] in _NO_TEXT)
        or (_MAY_BE.search(low) is not None and _CONFIDENTIAL.fullmatch(low) is not None)
    )


def is_content_left_out(head: bytes) -> bool:
    """Whether a file is left out for how it begins: no text, a private key, or made by a program."""
    # The bare words first: searching for a pattern takes many times as long.
    if b"\0" in head:
        return True
    if (b"-----BEGIN" in head or b"PuTTY" in head) and _PRIVATE_KEY.search(head):
        return True
    notice = head[:_NOTICE_WITHIN].lower()
    if b"@generated" in notice or (b"do not edit" in notice and b"generated" in notice):
        return True
    return len(head) > 10 * _LONGEST_LINES and len(head) > _LONGEST_LINES * (head.count(b"\n") + 1)


def without_tokens(text: str) -> str:
    """Put a word in the place of what looks like a key of a well-known service."""
    return _TOKEN.sub("[secret left out]", text)
