// Package personal_test says of every column of the database what it holds of a person, and fails for a column that nobody
// has thought about.
package personal_test

import (
	_ "embed"
	"strings"
	"testing"

	"videomall/mall/malltest"
)

// columns has lines of a table, a class and columns of that class; behind a bar it says why the mall keeps them.
//
//go:embed columns.txt
var columns string

// classes are what can be said of a column.
var classes = map[string]string{
	"both":     "of a person: belongs in their export, and goes when the account is erased",
	"exported": "of a person: belongs in their export, and stays, since it is about what others hold",
	"erased":   "of a person: a secret or a trace, which goes when the account is erased",
	"kept":     "of a person: stays, for the reason that is given",
	"number":   "the number of an account, which says nothing once the account is erased",
	"none":     "of no person, or says nothing without the other columns of its row",
}

// TestColumns_have_a_class fails on a column without a class, and on a class of a column that is gone.
func TestColumns_have_a_class(t *testing.T) {
	t.Parallel()
	class := classOf(t)
	m := malltest.Open(t, "")
	for _, c := range columnsWhere(m, `table_name not like 'river\_%' or table_name = 'river_job'`) {
		if class[c] == "" {
			t.Errorf("%s has no class: say in columns.txt what it holds of a person", c)
		}
		delete(class, c)
	}
	for c := range class {
		t.Errorf("%s has a class, but there is no such column", c)
	}
}

// columnsWhere returns "table.column" for the columns of those tables and views that a condition in SQL chooses; never
// goose's.
func columnsWhere(m *malltest.Mall, condition string) []string {
	m.T.Helper()
	return malltest.Query[string](m, `
		select table_name || '.' || column_name from information_schema.columns
		join information_schema.tables using (table_schema, table_name)
		where table_schema = current_schema() and table_name <> 'goose_db_version' and (`+condition+`)`)
}

// classOf returns the class of each column that has one.
func classOf(t *testing.T) map[string]string {
	t.Helper()
	class := map[string]string{}
	for line := range strings.Lines(columns) {
		said, why, _ := strings.Cut(strings.TrimSpace(line), " | ")
		words := strings.Fields(said)
		if len(words) < 3 {
			t.Errorf("%q names no column", line)
			continue
		}
		table, kind := words[0], words[1]
		if _, known := classes[kind]; !known {
			t.Errorf("%s has the unknown class %q", table, kind)
		}
		if (kind == "kept") != (why != "") {
			t.Errorf("%s, %s: only what is kept has a reason, and it must have one", table, kind)
		}
		for _, c := range words[2:] {
			if class[table+"."+c] != "" {
				t.Errorf("%s.%s has two classes", table, c)
			}
			class[table+"."+c] = kind
		}
	}
	return class
}
