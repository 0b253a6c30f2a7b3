"""Steps that take effect exactly once."""

import time

from toril_plugin import job, postgres


@job("ensure-steps-table")
def ensure(job):
    """Creates the table of steps."""
    postgres.ensure_steps_table()


@job("steps")
def steps(job):
    """Runs steps, each of which inserts a row. Returns the ids of the rows."""
    data = job.data
    insert = f"insert into {data['table']} (queue, job, step) values (%s, %s, %s) returning id"
    results = []
    for place, step in enumerate(data["steps"]):

        def run(db):
            (id,) = db.execute(insert, [job.queue, job.id, step]).fetchone()
            if "last" in data:
                db.execute(data["last"])
            return id

        results.append(postgres.once(step, run))
        if data.get("fail_after") == place and job.attempt == 1:
            raise RuntimeError("this attempt fails on purpose")
        time.sleep(data.get("sleep_ms", 0) / 1000)
    return {"results": results}
