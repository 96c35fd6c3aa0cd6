-- Inserts, an index, joins and a sort that do not fit into small caches.
PRAGMA mmap_size = 16777216;
CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT, price INTEGER);
CREATE TABLE sales (id INTEGER PRIMARY KEY, good INTEGER, day INTEGER, amount INTEGER);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  INSERT INTO goods SELECT i, printf('good %d %s', i, hex(zeroblob(i % 60))), i * 37 % 500 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
  INSERT INTO sales SELECT i, i * 7919 % 2000 + 1, i * 31 % 365, i % 9 + 1 FROM n;
COMMIT;
CREATE INDEX sales_by_good ON sales (good, day);
SELECT count(*), sum(price * amount) FROM sales JOIN goods ON goods.id = sales.good;
SELECT day, group_concat(name) IS NOT NULL FROM sales JOIN goods ON goods.id = good
  GROUP BY day ORDER BY sum(amount) DESC LIMIT 3;
DELETE FROM sales WHERE day % 2;
VACUUM;
SELECT count(*) FROM sales;
