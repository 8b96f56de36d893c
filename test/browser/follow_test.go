package browser_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/locale"
)

// TestFollow_from_the_button_to_one_click follows somebody who follows a creator, is mailed about a video, and ends such
// mails by the link; and an operator who looks at the mail and at what mails look like.
func TestFollow_from_the_button_to_one_click(t *testing.T) {
	t.Parallel()
	for _, l := range []look{{lang: "en", width: 1280}, {lang: "zh-CN", width: 390}} {
		t.Run(l.lang, func(t *testing.T) {
			t.Parallel()
			h, _ := require(t)
			p := newPerson(t, l)
			creator, reader := h.account(t, "Mia", account.RoleCreator), h.account(t, "Ann", account.RoleShopper)
			h.count(t, `update account_user set email_verified_at = now() where id = $1 returning 1`, reader.ID)
			slug := "followed-" + strings.ToLower(rand.Text()[:8])
			p.ok(h.Catalog.CreateCreator(t.Context(), catalog.NewCreator{
				UserID: creator.ID,
				Slug:   slug,
				Name:   locale.Text{Zh: "北岸影像", En: "North Shore Pictures"},
				Bio:    locale.Text{Zh: "海边的故事。", En: "Stories from the sea."},
			}))
			p.enter(reader)
			p.visit("/creators/" + slug)
			p.click(`#follow-mail`)
			p.shot("follow a creator")
			p.click(`form[action="/creators/` + slug + `/follow"] button[type=submit]`)
			p.has(`form[action="/creators/` + slug + `/unfollow"]`)
			p.shot("a followed creator")
			p.visit("/account/following")
			p.shot("creators one follows")
			p.visit("/account/mail")
			p.shot("choice of mails")

			title := "Above the Glacier " + slug
			made, err := h.Catalog.CreateProduct(t.Context(), catalog.NewProduct{
				Slug:       slug,
				CreatorID:  creator.ID,
				CategoryID: 1,
				Title:      locale.Text{Zh: title, En: title},
				SKUs: []catalog.NewSKU{{
					Kind:    catalog.KindOwn,
					Quality: catalog.QualityHD,
					Price:   catalog.NewPrice{Amount: 990, Currency: "CNY"},
				}},
			})
			p.ok(err)
			p.ok(h.Catalog.Publish(t.Context(), made.SPUID))
			find := `[...document.querySelectorAll('li a')].find(a => a.innerText.includes("` + title + `"))`
			eventually(t, "the mail arrives", func() bool {
				p.visit("/mailbox")
				return eval[bool](p, "!!("+find+")")
			})
			p.until(`(` + find + `.click(), true)`)
			p.has(`iframe`)
			p.painted()
			p.shot("mail about a video")
			p.until(`(location.href = document.querySelector('pre').textContent.match(/https?:\S+unsubscribe\S+/)[0], true)`)
			p.has(`button[name=do][value=off]`)
			p.shot("stop these mails")
			p.click(`button[name=do][value=off]`)
			p.has(`button[name=do][value=on]`)
			p.shot("mails are stopped")
			p.click(`button[name=do][value=on]`)
			p.has(`button[name=do][value=off]`)

			p.enter(creator)
			p.visit("/studio/followers")
			p.shot("studio followers")
			p.enter(h.account(t, "Ada", account.RoleOperator))
			p.visit("/admin/mails?kind=followed_video")
			p.has(`table a[href^="/admin/mails/"]`)
			p.shot("console mails")
			p.click(`table a[href^="/admin/mails/"]`)
			p.has(`#history`)
			p.shot("console one mail")
			p.visit("/admin/mails/suppressed")
			p.shot("console suppressed addresses")
			p.visit("/admin/mails/messages")
			p.shot("console messages of creators")
			p.visit("/admin/mails/kinds")
			p.shot("console kinds of mails")
			p.visit("/admin/mails/kinds/followed_video?lang=" + l.lang)
			p.has(`iframe`)
			p.painted()
			p.shot("console sample of a mail")
		})
	}
}
