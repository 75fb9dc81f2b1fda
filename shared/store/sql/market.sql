-- name: claim
insert into market (market, fingerprint) values (:market, :fingerprint) on conflict do nothing;

-- name: set_clock
-- The database's clock is the wall clock of the pair, so that every process reads one exchange time.
insert into market_clock (anchor_wall_ms, anchor_exchange_ms, rate)
values (wall_now_ms() - :age_ms, :exchange_ms, :rate)
on conflict (singleton) do update
set anchor_wall_ms = excluded.anchor_wall_ms, anchor_exchange_ms = excluded.anchor_exchange_ms, rate = excluded.rate,
    measured_at = clock_timestamp();

-- name: put_instrument
insert into instruments (name, symbol, status) values (:name, :symbol, :status)
on conflict (name) do update set symbol = excluded.symbol, status = excluded.status
returning id;

-- name: put_rules
-- A new row only when something that a run would pin has changed since the latest capture, and never behind it.
insert into instrument_rules (instrument_id, captured_ms, source, tick_size, lot_step, min_quantity, min_notional)
select :instrument_id, :captured_ms, :source, :tick_size, :lot_step, :min_quantity, :min_notional
where not exists (
    select
    from (
        select * from instrument_rules
        where instrument_id = :instrument_id
        order by captured_ms desc, id desc
        limit 1
    ) l
    where l.captured_ms > :captured_ms
        or (l.tick_size = :tick_size and l.lot_step = :lot_step
            and l.min_quantity = :min_quantity and l.min_notional = :min_notional)
);

-- name: latest_rules
select id from instrument_rules where instrument_id = :instrument_id order by captured_ms desc, id desc limit 1;

-- name: acquire
-- Mine already, or nobody's: then with a new epoch.
insert into leases as l (name, holder, epoch, lease_until)
values (:name, :holder, 1, clock_timestamp() + make_interval(secs => :lease_s))
on conflict (name) do update
set holder = excluded.holder, lease_until = excluded.lease_until,
    epoch = case when l.holder = excluded.holder then l.epoch else l.epoch + 1 end
where l.holder = excluded.holder or l.lease_until < clock_timestamp()
returning epoch;

-- name: hold
-- Inside a transaction: nobody takes the lease before it ends.
select from leases where name = :name and epoch = :epoch for share;

-- name: give_up
update leases set lease_until = '-infinity' where name = :name and epoch = :epoch;

-- name: needs
-- What unfinished runs want decided, instrument by instrument.
select i.id as instrument_id, i.name, min(r.history_from_ms) as from_ms,
    bool_or(r.mode = 'paper') as live, max(r.end_ms) as end_ms
from runs r
join instruments i on i.id = r.instrument_id
where r.ended_at is null
group by i.id, i.name
order by i.id;
