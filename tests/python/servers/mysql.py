"""MySQL and MariaDB, with `pymysql`."""

import pymysql
from toril_plugin import job


@job("mysql")
def query(job):
    """Runs statements on one connection. Returns the rows of each."""
    data = job.data
    connection = pymysql.connect(
        host=data["host"],
        port=data["port"],
        user=data["user"],
        password=data["password"],
        database=data.get("database"),
        connect_timeout=60,
        **data.get("options", {}),
    )
    results = []
    with connection, connection.cursor() as cursor:
        for sql, *parameters in data["statements"]:
            cursor.execute(sql, parameters)
            results.append(cursor.fetchall())
        connection.commit()
    return results
