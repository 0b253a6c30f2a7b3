"""PostgreSQL through SQLAlchemy."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from toril_plugin import job
from toril_plugin.sqlalchemy import create_engine

engine = create_engine()
metadata = sa.MetaData()
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("customer", sa.String(20)),
    sa.Column("price", sa.Numeric(8, 2)),
    sa.Column("weight", sa.Float),
    sa.Column("content", JSONB),
    sa.Column("note", sa.JSON),
    sa.Column("numbers", ARRAY(sa.Integer)),
    sa.Column("at", sa.DateTime(timezone=True)),
    sa.Column("key", sa.Uuid),
    sa.Column("bytes", sa.LargeBinary),
    sa.Column("lasts", sa.Interval),
    sa.Column("state", sa.Enum("new", "sent", name="order_state")),
)

ROW = {
    "customer": "ä %",
    "price": Decimal("1.50"),
    "weight": 1.5,
    "content": {"tea": [1, "box"]},
    "note": [1, None],
    "numbers": [1, 2],
    "at": datetime(2026, 1, 31, tzinfo=timezone.utc),
    "key": UUID(int=5),
    "bytes": b"\0\xff",
    "lasts": timedelta(days=1, seconds=-1),
    "state": "new",
}


@job("alchemy")
def everything(job):
    """Creates a table, changes rows, and reads them. Returns what was read wrongly, and more."""
    with engine.begin() as db:
        metadata.create_all(db)
        # The rows come back in their order, from one statement.
        ids = db.scalars(sa.insert(orders).returning(orders.c.id, sort_by_parameter_order=True), [ROW, ROW]).all()
        changed = insert(orders).values(id=ids[1], customer="Bob")
        db.execute(changed.on_conflict_do_update(index_elements=["id"], set_={"customer": changed.excluded.customer}))
    with engine.connect() as db:
        found = sa.select(orders).where(
            orders.c.id.in_(ids), orders.c.customer.like("ä \\%%"), orders.c.content["tea"][1].astext == "box"
        )
        (row,) = db.execute(found.limit(5)).mappings().all()
        tables = sa.inspect(db).get_table_names()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(sa.text("insert into orders (customer) values (:customer)"), {"customer": "Eve"})
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as db:
        level = db.scalar(sa.text("show transaction_isolation"))
        count = db.scalar(sa.select(sa.func.count()).select_from(orders))
    try:
        with engine.begin() as db:
            db.execute(sa.insert(orders), {"id": ids[0]})
    except sa.exc.IntegrityError as error:
        duplicate = error.orig.constraint
    return {
        "wrong": [name for name, value in ROW.items() if row[name] != value],
        "tables": tables,
        "level": level,
        "count": count,
        "duplicate": duplicate,
    }
