-- +goose Up
-- Several videos that belong together, in an order.
create table catalog_series (
    id         bigint generated always as identity primary key,
    creator_id bigint not null references catalog_creator (user_id),
    slug       text not null unique check (slug ~ '^[a-z0-9-]{1,80}$'),
    title_zh   text not null check (length(title_zh) between 1 and 200),
    title_en   text not null check (length(title_en) between 1 and 200),
    created_at timestamptz not null
);
create index catalog_series_creator_idx on catalog_series (creator_id, id);

alter table video_product_spu
    add column series_id bigint references catalog_series (id),
    add column episode int check (episode > 0),
    add column video_id bigint, -- the creator's film that asset_id was packaged from; null where nobody uploaded one
    add column taken_by_creator boolean not null default false,
    add constraint spu_episode_of_series check ((series_id is null) = (episode is null));
create index spu_series_idx on video_product_spu (series_id, episode) where series_id is not null;

-- What a listing says, as its creator writes it. An approved revision's content stands in the SPU and its SKUs; these rows stay
-- as its history.
create table catalog_revision (
    id           bigint generated always as identity primary key,
    spu_id       bigint not null references video_product_spu (id),
    number       int not null check (number > 0),
    state        text not null default 'draft' check (state in ('draft', 'in_review', 'approved', 'returned', 'withdrawn')),
    -- Counts edits and moves of the listing: a new revision goes on where the one before it ended.
    version      int not null check (version > 0),
    content      jsonb not null,
    -- Which open page saved it last by itself; empty after a save that somebody pressed for.
    editor       text not null default '' check (length(editor) <= 64),
    note         text not null default '' check (length(note) <= 4000), -- the reviewer's, to the creator
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    submitted_at timestamptz,
    decided_at   timestamptz,
    unique (spu_id, number),
    constraint catalog_revision_promise check (
        (state = 'draft') = (submitted_at is null) and (state in ('approved', 'returned')) = (decided_at is not null))
);
-- One revision of a listing is open, whoever opens the form twice.
create unique index catalog_revision_open_key on catalog_revision (spu_id) where state in ('draft', 'in_review');
-- Two new listings can't wait for one address.
create unique index catalog_revision_slug_key on catalog_revision ((content ->> 'slug')) where state = 'in_review' and content ->> 'slug' <> '';

alter table sku_price add column created_by bigint; -- null: set before this was kept
-- Price versions that were called off before they began. They bound nobody, so that they may overlap with others.
create table sku_price_cancelled (
    id           bigint primary key,
    sku_id       bigint not null references video_product_sku (id),
    version      int not null,
    amount       bigint not null,
    list_amount  bigint,
    currency     text not null,
    valid_from   timestamptz not null,
    valid_until  timestamptz,
    created_at   timestamptz not null,
    created_by   bigint,
    cancelled_at timestamptz not null,
    cancelled_by bigint not null,
    unique (sku_id, version)
);

-- +goose Down
drop table sku_price_cancelled;
alter table sku_price drop column created_by;
drop table catalog_revision;
drop index spu_series_idx;
alter table video_product_spu drop constraint spu_episode_of_series, drop column series_id, drop column episode, drop column video_id,
    drop column taken_by_creator;
drop table catalog_series;
