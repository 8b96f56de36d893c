-- +goose Up
-- Addresses lose the marks that nobody sees, as they are now dropped from what is typed. Where the address without them has an account
-- already, or several would come to have it, the oldest takes it, and the others keep the spelling that they sign in by.
with cleaned as (
    select id,
           lower(normalize(regexp_replace(email, '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e'
               || '\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3'
               || '\U0001d173-\U0001d17a\U000e0000-\U000e0fff]', '', 'g'), nfkc)) as email
    from account_user
    where email ~ '[^\u0001-\u007f]'
), first as (
    select distinct on (email) id, email from cleaned where length(email) >= 3 order by email, id
)
update account_user u
set email = f.email
from first f
where u.id = f.id and u.email <> f.email and not exists (select from account_user taken where taken.email = f.email);

-- +goose Down
-- The marks are gone; nothing is lost by it.
select 1;
