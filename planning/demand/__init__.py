"""People to pupils: by cell, stage and grade band."""
