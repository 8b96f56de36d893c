-- +goose Up
create extension if not exists btree_gist;

create table catalog_category (
    id       bigint generated always as identity primary key,
    slug     text not null unique check (slug ~ '^[a-z0-9-]{1,60}$'),
    name_zh  text not null,
    name_en  text not null,
    position int not null default 0
);

create table catalog_creator (
    user_id    bigint primary key,
    slug       text not null unique check (slug ~ '^[a-z0-9-]{1,60}$'),
    name_zh    text not null,
    name_en    text not null,
    bio_zh     text not null default '',
    bio_en     text not null default '',
    avatar     text not null default '',
    created_at timestamptz not null default now()
);

create table video_product_spu (
    id               bigint generated always as identity primary key,
    slug             text not null unique check (slug ~ '^[a-z0-9-]{1,80}$'),
    creator_id       bigint not null references catalog_creator (user_id),
    category_id      bigint not null references catalog_category (id),
    title_zh         text not null check (length(title_zh) between 1 and 200),
    title_en         text not null check (length(title_en) between 1 and 200),
    description_zh   text not null default '',
    description_en   text not null default '',
    tags             text[] not null default '{}',
    cover            text not null default '',
    asset_id         bigint,
    duration_seconds int not null default 0 check (duration_seconds >= 0),
    status           text not null default 'draft' check (status in ('draft', 'in_review', 'live', 'taken_down')),
    version          int not null default 0,
    rating_sum       bigint not null default 0 check (rating_sum >= 0),
    rating_count     bigint not null default 0 check (rating_count >= 0),
    -- How many reviews gave 1, 2, 3, 4 and 5 stars, so that a page need not read them all.
    rating_counts    bigint[] not null default '{0,0,0,0,0}' check (cardinality(rating_counts) = 5),
    sold_count       bigint not null default 0 check (sold_count >= 0),
    -- What a list shows and sorts by: the cheapest current price, kept by the verbs that change prices and
    -- by a job when a version's time comes (reprice_at). The product page and the order read sku_price itself.
    from_sku_id      bigint,
    from_amount      bigint check (from_amount >= 0),
    from_list_amount bigint,
    from_currency    text,
    reprice_at       timestamptz,
    published_at     timestamptz,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now()
);
create index spu_newest_idx on video_product_spu (published_at desc, id desc) where status = 'live';
create index spu_popular_idx on video_product_spu (sold_count desc, id desc) where status = 'live';
create index spu_price_idx on video_product_spu (from_amount, id) where status = 'live';
create index spu_category_newest_idx on video_product_spu (category_id, published_at desc, id desc) where status = 'live';
create index spu_category_popular_idx on video_product_spu (category_id, sold_count desc, id desc) where status = 'live';
create index spu_category_price_idx on video_product_spu (category_id, from_amount, id) where status = 'live';
create index spu_creator_idx on video_product_spu (creator_id, id);
create index spu_reprice_idx on video_product_spu (reprice_at) where reprice_at is not null;

create table video_product_sku (
    id            bigint generated always as identity primary key,
    spu_id        bigint not null references video_product_spu (id),
    kind          text not null check (kind in ('rent', 'own')),
    quality       text not null check (quality in ('HD', '4K')),
    rent_hours    int not null default 0,
    stock_limited boolean not null default false,
    max_per_order int not null default 1 check (max_per_order between 1 and 100),
    status        text not null default 'active' check (status in ('active', 'retired')),
    created_at    timestamptz not null default now(),
    check ((kind = 'rent') = (rent_hours > 0)),
    unique (spu_id, kind, quality, rent_hours)
);

create table sku_price (
    id          bigint generated always as identity primary key,
    sku_id      bigint not null references video_product_sku (id),
    version     int not null check (version > 0),
    amount      bigint not null check (amount >= 0),
    list_amount bigint check (list_amount > amount),
    currency    text not null check (currency ~ '^[A-Z]{3}$'),
    valid_from  timestamptz not null,
    valid_until timestamptz check (valid_until > valid_from),
    valid       tstzrange not null generated always as (tstzrange(valid_from, valid_until)) stored,
    created_at  timestamptz not null default now(),
    unique (sku_id, version),
    -- One price at a time, whoever schedules them.
    constraint sku_price_no_overlap exclude using gist (sku_id with =, valid with &&)
);

create table catalog_review (
    id         bigint generated always as identity primary key,
    spu_id     bigint not null references video_product_spu (id),
    user_id    bigint not null,
    author     text not null,
    rating     int not null check (rating between 1 and 5),
    body       text not null default '' check (length(body) <= 4000),
    locale     text not null default 'en' check (locale in ('zh-CN', 'en')),
    created_at timestamptz not null default now(),
    constraint catalog_review_once unique (spu_id, user_id)
);
create index catalog_review_spu_idx on catalog_review (spu_id, created_at desc, id desc);

-- +goose Down
drop table catalog_review;
drop table sku_price;
drop table video_product_sku;
drop table video_product_spu;
drop table catalog_creator;
drop table catalog_category;
