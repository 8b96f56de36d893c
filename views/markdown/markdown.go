// Package markdown owns how Markdown that people of the shop write becomes HTML that can do no harm: raw HTML is left
// out, and only plain structure and links pass. It refuses to know whose text it is.
package markdown

import (
	"bytes"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// converter leaves raw HTML out, as goldmark does without WithUnsafe. Cells are not aligned: that takes inline styles,
// which the Content-Security-Policy forbids.
var converter = goldmark.New(
	goldmark.WithExtensions(extension.Linkify, extension.Strikethrough,
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone))),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(belowTitle{}, 100))),
)

var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "strong", "em", "del", "code",
		"pre",
		"blockquote", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "http", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnFullyQualifiedLinks(true)
	p.RequireNoReferrerOnFullyQualifiedLinks(true)
	return p
}

// HTML is the text as HTML, safe to be put into a page below an h1. Pictures are left out. Links that name a host get
// rel="nofollow noreferrer".
func HTML(source string) (string, error) {
	var out bytes.Buffer
	if err := converter.Convert([]byte(source), &out); err != nil {
		return "", err
	}
	return policy.Sanitize(out.String()), nil
}

// belowTitle moves headings so that the highest of them is an h2: the page has its own h1.
type belowTitle struct{}

func (belowTitle) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var headings []*ast.Heading
	highest := 6
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // neither this function nor Walk fails
		if h, ok := n.(*ast.Heading); ok && entering {
			headings = append(headings, h)
			highest = min(highest, h.Level)
		}
		return ast.WalkContinue, nil
	})
	for _, h := range headings {
		h.Level = min(6, h.Level-highest+2)
	}
}
