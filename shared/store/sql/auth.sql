-- name: put_key
-- A key of that name, replaced when it had another token: a new secret shuts out the old one.
insert into api_keys (sha256, name, role) values (:sha256, :name, :role)
on conflict (name) do update set sha256 = excluded.sha256, role = excluded.role, revoked_at = null
where api_keys.sha256 <> excluded.sha256 or api_keys.role <> excluded.role;

-- name: new_key
-- A name that nobody has, or had until it was revoked.
insert into api_keys (sha256, name, role) values (:sha256, :name, :role)
on conflict (name) do update
set sha256 = excluded.sha256, role = excluded.role, created_at = clock_timestamp(), last_used_at = null, revoked_at = null
where api_keys.revoked_at is not null;

-- name: find_key
select name, role from api_keys where sha256 = :sha256 and revoked_at is null;

-- name: touch_key
-- At most once a minute: a note for people, not a write per request.
update api_keys set last_used_at = clock_timestamp()
where sha256 = :sha256 and (last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute');

-- name: revoke_key
update api_keys set revoked_at = clock_timestamp() where name = :name and revoked_at is null;

-- name: drop_sessions_of
delete from sessions s using api_keys k where k.sha256 = s.api_key and k.name = :name;

-- name: list_keys
select
    name, role,
    (extract(epoch from created_at) * 1000)::bigint as created_ms,
    (extract(epoch from last_used_at) * 1000)::bigint as last_used_ms,
    revoked_at is not null as is_revoked
from api_keys
order by name;

-- name: open_session
insert into sessions (sha256, api_key, csrf_token, expires_at)
select :session_sha256, k.sha256, :csrf_token, clock_timestamp() + make_interval(secs => :life_s)
from api_keys k
where k.sha256 = :key_sha256 and k.revoked_at is null
returning (extract(epoch from expires_at) * 1000)::bigint as expires_ms;

-- name: find_session
select k.name, k.role, s.csrf_token, (extract(epoch from s.expires_at) * 1000)::bigint as expires_ms
from sessions s
join api_keys k on k.sha256 = s.api_key
where s.sha256 = :sha256 and s.expires_at > clock_timestamp() and k.revoked_at is null;

-- name: drop_session
delete from sessions where sha256 = :sha256;

-- name: drop_expired
delete from sessions where expires_at <= clock_timestamp();
