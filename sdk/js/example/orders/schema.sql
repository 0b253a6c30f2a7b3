-- The tables of the example. `toril_steps` records the steps of jobs that have taken effect.
CREATE TABLE stock (
  sku text PRIMARY KEY,
  available int NOT NULL CONSTRAINT in_stock CHECK (available >= 0)
);
CREATE TABLE orders (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE order_items (
  "order" bigint NOT NULL REFERENCES orders,
  sku text NOT NULL REFERENCES stock,
  quantity int NOT NULL CHECK (quantity > 0),
  PRIMARY KEY ("order", sku)
);
CREATE TABLE toril_steps (
  queue text NOT NULL,
  job text NOT NULL,
  added bigint NOT NULL,
  step text NOT NULL,
  result jsonb,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, job, added, step)
);
