-- Transactions found by date and by party: only the documents that a transaction begins with are indexed, so that a message that
-- goes on with one pays nothing.
create index fact_begun on fact (happened desc)
  where kind in ('OrderPlaced', 'OrderBooked', 'PurchaseOrdered', 'ReturnAuthorised') and ordinal = 1;
create index fact_party on fact (upper(coalesce(nullif(body->>'customer', ''), body->>'partner')), happened desc)
  where kind in ('OrderPlaced', 'OrderBooked', 'PurchaseOrdered', 'ReturnAuthorised') and ordinal = 1;
