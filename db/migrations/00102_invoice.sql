-- +goose Up
-- Invoices and credit notes. A number is 1 more than the last one of its kind and year: the counter's row is locked in the
-- transaction that inserts the document, and a transaction that fails gives its number back.
create table invoice_counter (
    kind    text not null check (kind in ('invoice', 'credit_note')),
    year    int not null check (year between 2000 and 9999),
    last    int not null check (last > 0),
    last_at timestamptz not null,
    primary key (kind, year)
);
create table invoice (
    id          bigint generated always as identity primary key,
    kind        text not null check (kind in ('invoice', 'credit_note')),
    year        int not null,
    number      int not null check (number > 0),
    order_no    text not null,
    user_id     bigint not null,
    refund_no   text not null default '', -- of a credit note; empty if it takes back an invoice that is replaced
    invoice_id  bigint references invoice (id), -- from which a credit note takes
    replaces_id bigint references invoice (id), -- the invoice with wrong details that this one replaces
    currency    text not null check (currency ~ '^[A-Z]{3}$'),
    net         bigint not null check (net >= 0),
    tax         bigint not null check (tax >= 0),
    gross       bigint not null check (gross > 0),
    facts       jsonb not null, -- all that the document says
    issued_at   timestamptz not null,
    constraint invoice_number_key unique (kind, year, number),
    constraint invoice_replaces_key unique (replaces_id),
    constraint invoice_counted foreign key (kind, year) references invoice_counter (kind, year),
    constraint invoice_sum check (gross = net + tax),
    constraint invoice_of check ((kind = 'credit_note') = (invoice_id is not null)),
    constraint invoice_replaces check (replaces_id is null or kind = 'invoice'),
    constraint invoice_refund check (refund_no = '' or kind = 'credit_note')
);
create unique index invoice_order_key on invoice (order_no) where kind = 'invoice' and replaces_id is null;
create unique index invoice_refund_key on invoice (refund_no) where refund_no <> '';
create unique index invoice_cancels_key on invoice (invoice_id) where refund_no = '';
create index invoice_order_idx on invoice (order_no);
create index invoice_credits_idx on invoice (invoice_id) where invoice_id is not null;
create index invoice_issued_idx on invoice (issued_at, id);

-- What no CHECK of one row can hold: numbers follow each other, credit notes together take no more than their invoice
-- has, and an invoice is replaced only once it was taken back as a whole.
-- +goose StatementBegin
create function invoice_fits() returns trigger language plpgsql as $$
declare
    whole invoice;
    back  record;
begin
    if new.number <> 1 + (select coalesce(max(number), 0) from invoice where kind = new.kind and year = new.year) then
        raise exception 'number % leaves a gap', new.number using errcode = 'check_violation', constraint = 'invoice_no_gap';
    end if;
    if new.kind = 'credit_note' then
        -- Credit notes of one invoice wait for each other here, also those of two years.
        select * into whole from invoice where id = new.invoice_id for update;
        select coalesce(sum(net), 0) as net, coalesce(sum(tax), 0) as tax into back from invoice where invoice_id = new.invoice_id;
        if whole.kind <> 'invoice' or whole.order_no <> new.order_no or whole.currency <> new.currency
            or back.net + new.net > whole.net or back.tax + new.tax > whole.tax then
            raise exception 'credit notes of invoice % exceed it', new.invoice_id
                using errcode = 'check_violation', constraint = 'invoice_credit_within';
        end if;
    end if;
    if new.replaces_id is not null and not exists (select from invoice i join invoice c on c.invoice_id = i.id and c.refund_no = ''
            where i.id = new.replaces_id and i.order_no = new.order_no and c.gross = i.gross) then
        raise exception 'invoice % stands', new.replaces_id using errcode = 'check_violation', constraint = 'invoice_replaced';
    end if;
    return new;
end $$;
create function invoice_kept() returns trigger language plpgsql as $$
begin
    raise exception 'a document that was issued stays as it is' using errcode = 'check_violation', constraint = 'invoice_kept';
end $$;
-- +goose StatementEnd
create trigger invoice_fits before insert on invoice for each row execute function invoice_fits();
create trigger invoice_kept before update or delete on invoice for each row execute function invoice_kept();
create trigger invoice_kept_all before truncate on invoice for each statement execute function invoice_kept();

-- How far the sweeper has looked for payments and refunds without their document. It begins now: older orders have a
-- document made when it is asked for.
create table invoice_mark (
    what text primary key check (what in ('paid', 'refunded')),
    at   timestamptz not null,
    key  text not null default ''
);
insert into invoice_mark (what, at) values ('paid', now()), ('refunded', now());
create index order_refund_settled_idx on order_refund (settled_at, refund_no) where settled_at is not null;
-- +goose Down
drop index order_refund_settled_idx;
drop table invoice_mark;
drop table invoice;
drop table invoice_counter;
drop function invoice_kept;
drop function invoice_fits;
