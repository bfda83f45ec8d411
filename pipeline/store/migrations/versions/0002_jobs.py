"""Jobs: whose they are, for which configuration, when they may be tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_LIVE = "state IN ('queued', 'running')"


def upgrade() -> None:
    """Add the columns, fill them for the jobs that are there, then close them."""
    with op.batch_alter_table("job") as job:
        job.add_column(sa.Column("person_id", sa.String(length=26), nullable=True))
        job.add_column(sa.Column("config_hash", sa.String(length=64), nullable=True))
        job.add_column(sa.Column("priority", sa.Integer(), nullable=True))
        job.add_column(sa.Column("spared", sa.Integer(), nullable=True))
        job.add_column(sa.Column("not_before", sa.DateTime(), nullable=True))
        job.add_column(sa.Column("claimed_at", sa.DateTime(), nullable=True))
        job.add_column(sa.Column("ended_at", sa.DateTime(), nullable=True))
    op.execute(
        "UPDATE job SET priority = 0, spared = 0, config_hash = '', person_id = "
        "(SELECT owner_id FROM recording WHERE recording.id = job.recording_id)"
    )
    # no release wrote jobs with a meaning: whatever isn't over is to be done, once per recording
    op.execute(
        "UPDATE job SET state = 'queued', holder = '', lease_until = NULL "
        "WHERE state NOT IN ('done', 'parked', 'cancelled')"
    )
    op.execute(
        "UPDATE job SET state = 'cancelled' WHERE state = 'queued' AND id NOT IN "
        "(SELECT min(id) FROM job WHERE state = 'queued' GROUP BY recording_id)"
    )
    with op.batch_alter_table("job") as job:
        for name, kind in (
            ("person_id", sa.String(length=26)),
            ("config_hash", sa.String(length=64)),
            ("priority", sa.Integer()),
            ("spared", sa.Integer()),
        ):
            job.alter_column(name, existing_type=kind, nullable=False)
        job.create_foreign_key(
            "fk_job_person_id", "person", ["person_id"], ["id"], ondelete="CASCADE"
        )
        job.create_check_constraint(
            op.f("ck_job_state"),
            "state IN ('queued', 'running', 'done', 'parked', 'cancelled')",
        )
    op.create_index("ix_job_person_id_claimed_at", "job", ["person_id", "claimed_at"])
    op.create_index(
        "uq_job_live",
        "job",
        ["recording_id", "config_hash"],
        unique=True,
        sqlite_where=sa.text(_LIVE),
        postgresql_where=sa.text(_LIVE),
    )
