package traceql_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/heddle-io/heddle/query/traceql"
	"github.com/heddle-io/heddle/storage"
)

func ExampleParse() {
	q, _ := traceql.Parse("{span:status=error&&resource.service.name=`cart`}|count()>2")
	fmt.Println(q)

	_, err := traceql.Parse(`{ status = "error" }`)
	var syntax *traceql.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Println(syntax.Caret(`{ status = "error" }`))
		fmt.Println(syntax.Msg + ": " + syntax.Remedy)
	}
	// Output:
	// { status = error && resource.service.name = "cart" } | count() > 2
	// { status = "error" }
	//          ^
	// a status cannot be compared with a string: write error without quotes
}

// Traces are printed as soon as it is certain that they come next.
func ExampleStream() {
	print := func(ctx context.Context, r storage.SpanReader, q *traceql.Query) error {
		o := traceql.SearchOptions{
			Window: storage.Window{FromNs: time.Now().Add(-time.Hour).UnixNano(), ToNs: time.Now().UnixNano()},
			Limit:  20,
			Budget: traceql.Budget{Duration: 10 * time.Second},
		}
		for step, err := range traceql.Stream(ctx, r, q, o) {
			if err != nil {
				return err
			}
			for _, t := range step.Traces {
				fmt.Println(t.ID, t.RootService, t.RootName, t.Spansets[0].Matched)
			}
			if step.Stats.Partial != "" {
				fmt.Println("not all:", step.Stats.Partial)
			}
		}
		return nil
	}
	_ = print
}
