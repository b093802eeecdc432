"""Parts of the script that makes Yunlan County, an invented county."""
