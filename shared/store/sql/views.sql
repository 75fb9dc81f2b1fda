-- Functions and views for people with psql, and the one place that computes exchange time.
-- Made anew at the end of every upgrade; add one here, its columns to view_comments.sql, and both to drop_views.sql.
-- Names are the API's: a time is there twice, `_ms` and `_at` beside it; amounts are NUMERIC, `_quote` says of what.

create function at_ms(ms bigint) returns timestamptz
    language sql immutable strict parallel safe
    return to_timestamp(ms / 1000.0);

create function to_ms(at timestamptz) returns bigint
    language sql stable strict parallel safe
    return floor(extract(epoch from at) * 1000)::bigint;

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
    -- whoever served it may be gone without a word
    case when r.ended_at is not null or w.lease_until > clock_timestamp() then r.health
        else 'waiting_for_runner' end as health,
    r.status_detail,
    v.strategy,
    left(r.strategy_version, 12) as version,
    r.variant,
    r.params,
    i.name as instrument,
    r.start_ms,
    at_ms(r.start_ms) as start_at,
    r.end_ms,
    at_ms(r.end_ms) as end_at,
    r.position_ms as last_bar_ms,
    at_ms(r.position_ms) as last_bar_at,
    r.progress,
    r.seq,
    r.cash as cash_quote,
    coalesce(r.equity, r.cash) as equity_quote,
    coalesce(r.equity, r.cash) - r.cash as pnl_quote,
    round((coalesce(r.equity, r.cash) - r.cash) / nullif(r.cash, 0), 8) as pnl_ratio,
    coalesce(r.quantity, 0) as quantity,
    (select count(*) from trades t where t.run_id = r.id) as trade_count,
    (select count(*) from trades t where t.run_id = r.id and t.gross > t.fees) as win_count,
    w.host as runner,
    r.attempts,
    r.failure,
    r.engine_version,
    r.forked_from,
    r.created_by,
    to_ms(r.created_at) as created_ms,
    r.created_at,
    to_ms(r.ended_at) as ended_ms,
    r.ended_at
from runs r
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id
left join runners w on w.id = r.runner_id and w.lease_until > clock_timestamp();


create view v_trades as
select
    t.run_id,
    t.seq,
    v.strategy,
    i.name as instrument,
    t.side,
    t.entry_ms,
    at_ms(t.entry_ms) as entry_at,
    t.exit_ms,
    at_ms(t.exit_ms) as exit_at,
    round((t.exit_ms - t.entry_ms) / 1000.0, 3) as held_s,
    t.quantity,
    round(t.entry_notional / t.quantity, 8) as entry_price,
    round(t.exit_notional / t.quantity, 8) as exit_price,
    t.entry_notional as stake_quote,
    t.gross as gross_quote,
    t.fees as fees_quote,
    -- the fills since the trade before; computed only where it is asked for
    (
        select sum(abs(f.price - f.reference) * f.quantity)
        from fills f
        where f.run_id = t.run_id
            and f.seq < t.seq
            and f.seq > coalesce((select max(p.seq) from trades p where p.run_id = t.run_id and p.seq < t.seq), 0)
    ) as slippage_quote,
    t.gross - t.fees as net_quote,
    round((t.gross - t.fees) / t.entry_notional, 8) as return_ratio,
    t.worst as worst_price,
    t.best as best_price,
    round(least(0, m.sign * (t.worst * t.quantity - t.entry_notional)) / t.entry_notional, 8) as mae_ratio,
    round(greatest(0, m.sign * (t.best * t.quantity - t.entry_notional)) / t.entry_notional, 8) as mfe_ratio,
    t.exit_reason
from trades t
cross join lateral (select case t.side when 'long' then 1 else -1 end as sign) m
join runs r on r.id = t.run_id
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id;


create view v_fills as
select
    f.run_id,
    f.seq,
    f.order_seq,
    v.strategy,
    i.name as instrument,
    f.ts_ms,
    at_ms(f.ts_ms) as ts_at,
    f.ts_ms - mod(f.ts_ms, 60000) as bar_open_ms,
    at_ms(f.ts_ms - mod(f.ts_ms, 60000)) as bar_open_at,
    f.side,
    f.quantity,
    f.price,
    f.reference as reference_price,
    f.price * f.quantity as notional_quote,
    f.fee as fee_quote,
    abs(f.price - f.reference) * f.quantity as slippage_quote,
    f.liquidity,
    f.reason,
    f.no_trade
from fills f
join runs r on r.id = f.run_id
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id;


-- the latest event of each order
create view v_orders as
select
    o.run_id,
    o.order_seq,
    v.strategy,
    i.name as instrument,
    o.event,
    o.side,
    o.type,
    o.quantity,
    case
        when o.event in ('submitted', 'amended') then o.quantity
        when o.event = 'partially_filled' then (
            -- an amendment says what is left then; each part since takes from it
            select sum(case when e.event = 'partially_filled' then -e.quantity else e.quantity end)
            from orders e
            where e.run_id = o.run_id and e.order_seq = o.order_seq and e.seq >= (
                select max(w.seq) from orders w
                where w.run_id = o.run_id and w.order_seq = o.order_seq and w.event in ('submitted', 'amended')
            )
        )
        else 0
    end as open_quantity,
    o.price,
    o.reason,
    o.ts_ms,
    at_ms(o.ts_ms) as ts_at,
    o.seq as last_seq
from (select distinct on (run_id, order_seq) * from orders order by run_id, order_seq, seq desc) o
join runs r on r.id = o.run_id
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id
order by o.run_id, o.order_seq;


-- positions that are open now: the fills since the last closed trade on the side of the position made it, and the
-- orders since then that still wait guard it
create view v_open_positions as
select
    r.id as run_id,
    r.mode,
    r.status,
    v.strategy,
    i.name as instrument,
    case when r.quantity > 0 then 'long' else 'short' end as side,
    r.quantity,
    f.entry_ms,
    at_ms(f.entry_ms) as entry_at,
    round(f.entry_price, 8) as entry_price,
    r.position_ms + 59999 as mark_ms,
    at_ms(r.position_ms + 59999) as mark_at,
    b.close as mark_price,
    abs(r.quantity) * b.close as notional_quote,
    round(r.quantity * (b.close - f.entry_price), 8) as unrealised_quote,
    f.fees as fees_quote,
    o.stop_price,
    o.target_price,
    -- without a stop nobody knows
    case when o.stop_price is not null then greatest(0, r.quantity * (b.close - o.stop_price)) end as at_risk_quote
from runs r
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id
cross join lateral (
    select
        coalesce((select max(t.seq) from trades t where t.run_id = r.id), 0) as closed_seq,
        case when r.quantity > 0 then 'buy' else 'sell' end as entry_side
) c
cross join lateral (
    select
        min(f.ts_ms) filter (where f.side = c.entry_side) as entry_ms,
        sum(f.quantity * f.price) filter (where f.side = c.entry_side)
            / sum(f.quantity) filter (where f.side = c.entry_side) as entry_price,
        sum(f.fee) as fees
    from fills f
    where f.run_id = r.id and f.seq > c.closed_seq
) f
cross join lateral (
    select
        (array_agg(l.price order by l.order_seq desc) filter (where l.type = 'stop'))[1] as stop_price,
        (array_agg(l.price order by l.order_seq desc)
            filter (where l.type = 'limit' and l.reason = 'target'))[1] as target_price
    from (
        select distinct on (o.order_seq) o.*
        from orders o
        where o.run_id = r.id and o.seq > c.closed_seq
        order by o.order_seq, o.seq desc
    ) l
    where l.event in ('submitted', 'amended', 'partially_filled') and l.side <> c.entry_side and l.reason <> 'entry'
) o
left join bars b on b.instrument_id = r.instrument_id and b.open_ms = r.position_ms
where r.quantity <> 0;


-- equity at the end of each UTC day, whatever the session's time zone
create view v_equity_daily as
select distinct on (e.run_id, e.ts_ms / 86400000)
    e.run_id,
    date '1970-01-01' + (e.ts_ms / 86400000)::integer as day,
    e.ts_ms,
    at_ms(e.ts_ms) as ts_at,
    e.equity as equity_quote,
    e.cash as cash_quote,
    e.position as quantity
from equity e
order by e.run_id, e.ts_ms / 86400000, e.seq desc;


create view v_daily_pnl as
select
    d.run_id,
    v.strategy,
    i.name as instrument,
    d.day,
    d.equity_quote,
    d.equity_quote - d.before as pnl_quote,
    round((d.equity_quote - d.before) / nullif(d.before, 0), 8) as pnl_ratio,
    coalesce(t.trade_count, 0) as trade_count
from (
    select d.*, coalesce(lag(d.equity_quote) over days, r.cash) as before
    from v_equity_daily d
    join runs r on r.id = d.run_id
    window days as (partition by d.run_id order by d.day)
) d
left join (
    select run_id, exit_ms / 86400000 as day, count(*) as trade_count from trades group by run_id, exit_ms / 86400000
) t on t.run_id = d.run_id and t.day = d.day - date '1970-01-01'
join runs r on r.id = d.run_id
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id;


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
    c.position_ms as counted_until_ms,
    at_ms(c.position_ms) as counted_until_at
from run_counters c
join runs r on r.id = c.run_id
join strategy_versions v on v.sha256 = r.strategy_version
join instruments i on i.id = r.instrument_id;


create view v_feed_health as
select
    i.name as instrument,
    i.status,
    case when l.lag_s < 180 then 'ok' else 'stale' end as health,
    c.first_ms as covered_from_ms,
    at_ms(c.first_ms) as covered_from_at,
    c.until_ms as covered_until_ms,
    at_ms(c.until_ms) as covered_until_at,
    c.ranges as covered_ranges,
    l.lag_s,
    b.open_ms as last_bar_ms,
    at_ms(b.open_ms) as last_bar_at,
    b.close as last_price,
    nullif(b.received_ms, 0) as received_ms,
    at_ms(nullif(b.received_ms, 0)) as received_at,
    (select count(*) from bar_revisions v where v.instrument_id = i.id) as revisions,
    (select count(*) from runs r where r.instrument_id = i.id and r.ended_at is null) as runs
from instruments i
left join lateral (
    select min(from_ms) as first_ms, max(to_ms) as until_ms, count(*) as ranges
    from coverage where instrument_id = i.id
) c on true
left join lateral (
    select round(greatest(0, n.now_ms - mod(n.now_ms, 60000) - c.until_ms) / 1000.0, 3) as lag_s
    from (select exchange_now_ms() as now_ms offset 0) n
    where n.now_ms is not null and c.until_ms is not null  -- greatest() passes over what is null
) l on true
left join lateral (
    select open_ms, close, received_ms from bars where instrument_id = i.id order by open_ms desc limit 1
) b on true;
