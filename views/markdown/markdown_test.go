package markdown_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"videomall/views/markdown"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, want string }{
		"headings stand below the page's own": {"# Title\n\n## Part", "<h2>Title</h2>\n<h3>Part</h3>\n"},
		"a lone third level becomes a second": {"### Part\n\n###### Deep", "<h2>Part</h2>\n<h5>Deep</h5>\n"},
		"a link of the shop":                  {"[Refunds](/refunds)", "<p><a href=\"/refunds\">Refunds</a></p>\n"},
		"a link elsewhere": {
			"[x](https://a.example/b?c=1&d=2)",
			"<p><a href=\"https://a.example/b?c=1&amp;d=2\" rel=\"nofollow noreferrer\">x</a></p>\n",
		},
		"an address by itself": {
			"https://a.example/",
			"<p><a href=\"https://a.example/\" rel=\"nofollow noreferrer\">https://a.example/</a></p>\n",
		},
		"a link that names a host by slashes": {
			"[x](//a.example/)",
			"<p><a href=\"//a.example/\" rel=\"nofollow noreferrer\">x</a></p>\n",
		},
		"a mail address": {
			"<help@shop.example>",
			"<p><a href=\"mailto:help@shop.example\">help@shop.example</a></p>\n",
		},
		"a table without alignment": {
			"| a | b |\n|:--|--:|\n| 1 | 2 |",
			"<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n",
		},
		"a numbered list that begins later": {"3. c\n4. d", "<ol start=\"3\">\n<li>c</li>\n<li>d</li>\n</ol>\n"},
		"signs of HTML as text":             {"1 < 2 & 3 > 2", "<p>1 &lt; 2 &amp; 3 &gt; 2</p>\n"},
		"code is shown, not run":            {"`<script>`", "<p><code>&lt;script&gt;</code></p>\n"},
		"nothing":                           {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := markdown.HTML(c.source)
			if err != nil || got != c.want {
				t.Errorf("%q %v\nwant %q", got, err, c.want)
			}
		})
	}
}

// TestHTML_harmless parses what comes out as a browser does: no element but those of plain text, no attribute but an
// address, and no address that runs something.
func TestHTML_harmless(t *testing.T) {
	t.Parallel()
	elements := "html head body h2 h3 h4 h5 h6 p br hr ul ol li strong em del code pre blockquote table thead tbody tr th td a"
	for _, source := range []string{
		"<script>document.title = 'changed'</script>",
		"text <b onclick=\"document.title = 1\">bold</b>",
		"<img src=x onerror=\"document.title = 1\">", "![x](https://a.example/p.png)", "<iframe src=\"/\"></iframe>",
		"<style>body { display: none }</style>", "<form action=\"/account\"><input name=a></form>",
		"<h2 style=\"color: red\" id=main>x</h2>",
		"[x](javascript:document.title='changed')", "[x](JaVaScRiPt:1)", "[x](&#106;avascript:1)",
		"[x](java\tscript:1)", "<javascript:1>",
		"[x](data:text/html,hello)", "[x](vbscript:1)", "[x](/a\" onclick=\"1)", "[x](/a 'b\" onclick=\"1')",
		"<a href=\"/\" target=\"_blank\" onclick=\"1\">x</a>", "<!-- comment --><p hidden>x</p>",
		"<math><mi>x</mi></math>", "<svg><a href=\"/\">x</a></svg>",
		"| <script>1</script> |\n|--|\n| <b onclick=1>x</b> |", "> <div hx-get=\"/account\">x</div>",
		"x\x00y <scr\x00ipt>1</scr\x00ipt>",
	} {
		got, err := markdown.HTML(source)
		if err != nil {
			t.Errorf("%q: %v", source, err)
			continue
		}
		root, err := html.Parse(strings.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type == html.CommentNode ||
				n.Type == html.ElementNode && !strings.Contains(" "+elements+" ", " "+n.Data+" ") {
				t.Errorf("%q becomes %q: %s", source, got, n.Data)
			}
			for _, a := range n.Attr {
				known := a.Key == "href" || a.Key == "rel" || a.Key == "start"
				if !known ||
					a.Key == "href" && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "https:") &&
						!strings.HasPrefix(a.Val, "mailto:") {
					t.Errorf("%q becomes %q: %s=%q", source, got, a.Key, a.Val)
				}
			}
		}
	}
}
