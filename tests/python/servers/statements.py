"""Statements of PostgreSQL."""

from toril_plugin import job, postgres


@job("query")
def query(job):
    """Runs statements in one transaction. Returns the rows of each."""
    results = []
    with postgres.connect(job.data.get("pool", "main")) as db:
        for sql, *parameters in job.data["statements"]:
            cursor = db.execute(sql, parameters[0] if parameters else None)
            results.append({"rows": cursor.fetchall() if cursor.description else None, "count": cursor.rowcount})
    return results


@job("failing")
def failing(job):
    """Runs a statement that fails. Returns what the exception says."""
    with postgres.connect() as db:
        try:
            db.execute(job.data["sql"], job.data.get("parameters"))
        except postgres.Error as error:
            names = ("sqlstate", "code", "permanent", "constraint", "table", "detail")
            return {"class": type(error).__name__, **{name: getattr(error, name) for name in names}}
        finally:
            db.rollback()
    return None


@job("portions")
def portions(job):
    """Adds up a column whose rows come in portions, while other statements run."""
    total = rows = 0
    with postgres.connect() as db:
        others = db.cursor()
        for (number,) in db.cursor(job.data["portion"]).execute(job.data["sql"], job.data.get("parameters", [])):
            total += number
            rows += 1
            if rows % job.data["portion"] == 0:
                others.execute("select 1").fetchall()
    return {"rows": rows, "total": total}
