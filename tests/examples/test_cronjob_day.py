"""A day of a CronJob in a moment: virtual time jumps from one minute that matters to the next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

DAY_S = 24 * 3600
BACKUP = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup}
spec:
  schedule: "30 2,14 * * *"
  successfulJobsHistoryLimit: 5
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: backup, image: "ops/backup:1"}]
"""


@pytest.mark.asyncio
@pytest.mark.kubelite(virtual_time=True)
async def test_backups_are_made_at_half_past_two(kubelite_cluster):
    made, clock = [], kubelite_cluster.clock

    async def backup(container):
        made.append(datetime.fromtimestamp(clock.now(), UTC).strftime("%H:%M"))
        await clock.sleep(600)  # which takes no time at all

    kubelite_cluster.images["ops/backup:1"] = backup
    await kubelite_cluster.apply(BACKUP)
    await clock.advance(DAY_S)
    jobs = await kubelite_cluster.get("jobs")
    assert made == ["02:30", "14:30"]
    assert [job["status"]["succeeded"] for job in jobs] == [1, 1]
