-- +goose Up
-- What an operator types into the console is the beginning of something, and every look-up of it goes by an index. text_pattern_ops
-- orders by bytes, so that a beginning is a range in whatever language the database sorts.
create index account_user_email_prefix_idx on account_user (email text_pattern_ops);
create index account_user_name_prefix_idx on account_user (lower(name) text_pattern_ops);
create index account_user_role_idx on account_user (role, id desc);

create index risk_entry_of_user_idx on risk_entry (user_id, id desc) where user_id is not null;
create index risk_entry_of_device_idx on risk_entry (device, id desc) where device is not null;

create index payment_capture_txn_prefix_idx on payment_capture (channel_txn_no text_pattern_ops);
create index payment_refund_channel_prefix_idx on payment_refund (channel_refund_no text_pattern_ops) where channel_refund_no is not null;

create index spu_title_zh_prefix_idx on video_product_spu (lower(title_zh) text_pattern_ops);
create index spu_title_en_prefix_idx on video_product_spu (lower(title_en) text_pattern_ops);
-- What a draft is called by now stands in its open revision.
create index catalog_revision_title_zh_prefix_idx on catalog_revision (lower(content ->> 'titleZh') text_pattern_ops) where state in ('draft', 'in_review');
create index catalog_revision_title_en_prefix_idx on catalog_revision (lower(content ->> 'titleEn') text_pattern_ops) where state in ('draft', 'in_review');

create index media_video_name_prefix_idx on media_video (lower(name) text_pattern_ops) where state <> 'deleted';
create index promotion_campaign_name_zh_prefix_idx on promotion_campaign (lower(name_zh) text_pattern_ops);
create index promotion_campaign_name_en_prefix_idx on promotion_campaign (lower(name_en) text_pattern_ops);
create index promotion_coupon_code_prefix_idx on promotion_coupon (code text_pattern_ops);
create index webhook_endpoint_url_prefix_idx on webhook_endpoint (url text_pattern_ops);

-- +goose Down
drop index webhook_endpoint_url_prefix_idx;
drop index promotion_coupon_code_prefix_idx;
drop index promotion_campaign_name_en_prefix_idx;
drop index promotion_campaign_name_zh_prefix_idx;
drop index media_video_name_prefix_idx;
drop index catalog_revision_title_en_prefix_idx;
drop index catalog_revision_title_zh_prefix_idx;
drop index spu_title_en_prefix_idx;
drop index spu_title_zh_prefix_idx;
drop index payment_refund_channel_prefix_idx;
drop index payment_capture_txn_prefix_idx;
drop index risk_entry_of_device_idx;
drop index risk_entry_of_user_idx;
drop index account_user_role_idx;
drop index account_user_name_prefix_idx;
drop index account_user_email_prefix_idx;
