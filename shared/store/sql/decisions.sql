-- name: write
select write_decisions(:orders, :fills, :trades, :equity, :run_notes);

-- name: order_counts
-- what shared/performance/orders.py counts one by one, of a run's first decisions; `waiting` are entries without an end
with each as (
    select
        order_seq,
        count(*) filter (where event = 'submitted') as submitted,
        count(*) filter (where event = 'rejected') as rejected,
        count(*) filter (where event = 'cancelled') as cancelled,
        count(*) filter (where event = 'expired') as expired,
        bool_or(event = 'submitted' and reason = 'entry') as is_entry,
        bool_or(event in ('filled', 'rejected', 'cancelled', 'expired')) as has_ended
    from orders
    where run_id = :run_id and seq <= :until_seq
    group by order_seq
)
select
    coalesce(sum(submitted), 0)::bigint as submitted,
    coalesce(sum(rejected), 0)::bigint as rejected,
    coalesce(sum(cancelled), 0)::bigint as cancelled,
    coalesce(sum(cancelled) filter (where is_entry), 0)::bigint as cancelled_entries,
    coalesce(sum(expired), 0)::bigint as expired,
    coalesce(array_agg(order_seq) filter (where is_entry and not has_ended), '{}') as waiting
from each;
