-- Functions and views for people with psql, and the one place that computes exchange time.
-- Made anew at the end of every upgrade; add one here and to drop_views.sql.

create function at_ms(ms bigint) returns timestamptz
    language sql immutable strict parallel safe
    return to_timestamp(ms / 1000.0);

create function wall_now_ms() returns bigint
    language sql volatile
    return (extract(epoch from clock_timestamp()) * 1000)::bigint;

-- null until ingest has measured the exchange's clock
create function exchange_now_ms() returns bigint
    language sql volatile
    return (select anchor_exchange_ms + round(rate * (wall_now_ms() - anchor_wall_ms))::bigint from market_clock);


create view v_runs as
select
    r.id as run_id,
    r.mode,
    r.status,
    r.health,
    r.status_detail,
    v.strategy,
    left(r.strategy_version, 12) as version,
    r.variant,
    r.params,
    i.name as instrument,
    at_ms(r.start_ms) as started,
    at_ms(r.position_ms) as last_bar,
    r.seq,
    r.cash,
    r.equity,
    r.equity - r.cash as pnl,
    round(100 * (r.equity - r.cash) / nullif(r.cash, 0), 4) as return_pct,
    r.quantity as position,
    (select count(*) from trades t where t.run_id = r.id) as trades,
    w.host as runner,
    w.lease_until > clock_timestamp() as runner_alive,
    r.attempts,
    r.failure,
    r.engine_version,
    r.created_at,
    r.ended_at
from runs r
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id
left join runners w on w.id = r.runner_id;


create view v_trades as
select
    t.run_id,
    t.seq,
    v.strategy,
    i.name as instrument,
    t.side,
    at_ms(t.entry_ms) as entered,
    at_ms(t.exit_ms) as exited,
    at_ms(t.exit_ms) - at_ms(t.entry_ms) as held,
    t.quantity,
    round(t.entry_notional / t.quantity, 8) as entry_price,
    round(t.exit_notional / t.quantity, 8) as exit_price,
    t.gross,
    t.fees,
    t.gross - t.fees as net,
    round((t.gross - t.fees) / t.entry_notional, 8) as return_ratio,
    t.worst,
    t.best,
    t.exit_reason
from trades t
join runs r on r.id = t.run_id
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id;


-- the latest event of each order
create view v_orders as
select distinct on (o.run_id, o.order_seq)
    o.run_id,
    o.order_seq,
    i.name as instrument,
    o.event as status,
    o.side,
    o.type,
    o.quantity,
    o.price,
    o.reason,
    at_ms(o.ts_ms) as at,
    o.seq as last_seq
from orders o
join runs r on r.id = o.run_id
join instruments i on i.id = r.instrument_id
order by o.run_id, o.order_seq, o.seq desc;


-- positions that are open now: the fills since the last closed trade on the side of the position made it
create view v_open_positions as
select
    r.id as run_id,
    r.mode,
    r.status,
    i.name as instrument,
    case when r.quantity > 0 then 'long' else 'short' end as side,
    r.quantity,
    at_ms(e.entry_ms) as entered,
    round(e.entry_price, 8) as entry_price,
    b.close as last_price,
    round(r.quantity * (b.close - e.entry_price), 8) as unrealised
from runs r
join instruments i on i.id = r.instrument_id
left join lateral (
    select min(f.ts_ms) as entry_ms, sum(f.quantity * f.price) / sum(f.quantity) as entry_price
    from fills f
    where f.run_id = r.id
        and f.seq > coalesce((select max(t.seq) from trades t where t.run_id = r.id), 0)
        and f.side = case when r.quantity > 0 then 'buy' else 'sell' end
) e on true
left join bars b on b.instrument_id = r.instrument_id and b.open_ms = r.position_ms
where r.quantity <> 0;


-- equity at the end of each UTC day
create view v_equity_daily as
select distinct on (e.run_id, e.ts_ms / 86400000)
    e.run_id,
    at_ms(e.ts_ms / 86400000 * 86400000)::date as day,
    e.equity,
    e.cash,
    e.position
from equity e
order by e.run_id, e.ts_ms / 86400000, e.seq desc;


create view v_daily_pnl as
select
    d.run_id,
    d.day,
    d.equity,
    d.equity - coalesce(lag(d.equity) over days, r.cash) as pnl,
    (
        select count(*) from trades t
        where t.run_id = d.run_id
            and t.exit_ms >= extract(epoch from d.day) * 1000
            and t.exit_ms < extract(epoch from d.day + 1) * 1000
    ) as trades
from v_equity_daily d
join runs r on r.id = d.run_id
window days as (partition by d.run_id order by d.day);


-- which condition keeps a run from trading; counts are of every entry close since the first bar folded, warmup included
create view v_rules as
select
    c.run_id,
    v.strategy,
    r.variant,
    i.name as instrument,
    r.status,
    c.number,
    c.side,
    c.place,
    c.text as rule,
    c.evaluated,
    c.held,
    c.not_ready,
    round(100.0 * c.held / nullif(c.evaluated, 0), 4) as held_pct,
    round(100.0 * c.not_ready / nullif(c.evaluated, 0), 4) as not_ready_pct,
    at_ms(c.position_ms) as counted_until
from run_counters c
join runs r on r.id = c.run_id
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id;


create view v_feed_health as
select
    i.name as instrument,
    i.status,
    at_ms(c.first_ms) as covered_from,
    at_ms(c.until_ms) as covered_until,
    c.ranges as covered_ranges,
    round((exchange_now_ms() - c.until_ms) / 1000.0, 3) as behind_s,
    at_ms(b.open_ms) as last_bar,
    b.close as last_price,
    at_ms(b.received_ms) as last_received,
    (select count(*) from bar_revisions v where v.instrument_id = i.id) as revisions,
    (select count(*) from runs r where r.instrument_id = i.id and r.ended_at is null) as runs
from instruments i
left join lateral (
    select min(from_ms) as first_ms, max(to_ms) as until_ms, count(*) as ranges
    from coverage where instrument_id = i.id
) c on true
left join lateral (
    select open_ms, close, received_ms from bars where instrument_id = i.id order by open_ms desc limit 1
) b on true;
