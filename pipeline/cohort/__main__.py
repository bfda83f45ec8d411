"""``python -m pipeline.cohort > docs/cohort.schema.json``: the schema of the JSON form."""

import sys

from pipeline.cohort.form import schema_text

sys.stdout.write(schema_text())
