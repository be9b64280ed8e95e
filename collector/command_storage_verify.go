package collector

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/heddle-io/heddle/storage/columnar"
)

// verification is what verify tells programs.
type verification struct {
	Dir      string             `json:"directory"`
	Running  bool               `json:"running"`
	Notes    []string           `json:"notes,omitempty"`
	Findings []columnar.Finding `json:"findings"`
	Checked  columnar.Checked   `json:"checked"`
}

func (s *storageCommand) newVerifyCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read everything that is stored and tell what is damaged",
		Long: `Read everything that is stored: the list of parts, every page of every part with
its checksums, their indexes and whether these agree with the rows, the catalog,
the log, and which files there are. Each line of the output is something that was
found: where, what it means and what can be done. A notice is something to know or
to tidy up, from which nothing suffers that is stored.

What takes long tells on the standard error how far it is. The exit code is 0 when nothing is damaged, and 1 when something is.`,
		Example: `  heddle storage verify
  heddle storage verify --data-dir /var/lib/heddle -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			return s.inspect(cmd, func(ctx context.Context, x *columnar.Inspection) error {
				return verify(ctx, cmd, x, format)
			})
		},
	}
	addFormatFlag(cmd, &format)
	return cmd
}

func verify(ctx context.Context, cmd *cobra.Command, x *columnar.Inspection, format string) error {
	out := cmd.OutOrStdout()
	p := newProgress(cmd.ErrOrStderr(), "verifying")
	v := verification{Dir: x.Dir(), Running: x.Running(), Findings: []columnar.Finding{}}
	for f, err := range x.Verify(ctx, p.show) {
		if err != nil {
			p.clear()
			return err
		}
		if format == "json" {
			v.Findings = append(v.Findings, f)
			continue
		}
		p.clear()
		fmt.Fprintln(out, f)
	}
	p.clear()
	v.Notes, v.Checked = x.Notes(), x.Checked()
	if format == "json" {
		if err := printJSON(out, v); err != nil {
			return err
		}
	} else {
		printVerification(out, v)
	}
	if v.Checked.Damage > 0 {
		return fmt.Errorf("%s is damaged: %s", x.Dir(), things(uint64(v.Checked.Damage), "finding"))
	}
	return nil
}

func printVerification(w io.Writer, v verification) {
	c := v.Checked
	log := fmt.Sprintf(" and %s of the log with %s", things(uint64(c.LogSegments), "segment"), things(c.LogRecords, "request"))
	if v.Running {
		log = ""
	}
	result := "nothing is damaged"
	if c.Damage > 0 {
		result = fmt.Sprintf("%d damaged", c.Damage)
	}
	if c.Notices > 0 {
		result += ", " + things(uint64(c.Notices), "notice")
	}
	fmt.Fprintf(w, "checked %s with %s%s, %s: %s\n", things(uint64(c.Parts), "part"), things(c.Rows, "row"), log, sizeText(c.Bytes), result)
	printNotes(w, v.Notes)
}
