package traceql

import "regexp"

// The syntax tree. It is built by the parser only, which checks types on the
// way, so every tree is well-typed. Parentheses are not in it.

// expr is an expression over one span: *literal, *fieldExpr, *unaryOp, *binaryOp.
type expr interface{ exprNode() }

type literal struct{ value Value }

type fieldExpr struct{ field field }

type unaryOp struct {
	op operator // opNot, opSub
	x  expr
}

type binaryOp struct {
	op     operator
	l, r   expr
	regexp *regexp.Regexp // of opMatch and opNotMatch, anchored
}

func (*literal) exprNode()   {}
func (*fieldExpr) exprNode() {}
func (*unaryOp) exprNode()   {}
func (*binaryOp) exprNode()  {}

// spanset is a set of spans of one trace: *filter, *setOp, *scalarFilter,
// *pipeline.
type spanset interface{ spansetNode() }

// filter is {…}.
type filter struct{ where expr } // nil: every span

// setOp combines two spansets.
type setOp struct {
	op   operator
	mode mode
	l, r spanset
}

// mode is the form of a structural operator.
type mode uint8

const (
	plain   mode = iota
	negated      // !>
	union        // &>
)

// scalarFilter keeps a spanset for which a comparison of scalars is true.
type scalarFilter struct {
	op   operator
	l, r scalar
}

// pipeline hands spansets from stage to stage. As an operand it stands for all
// spans that it lets through.
type pipeline struct{ stages []stage }

func (*filter) spansetNode()       {}
func (*setOp) spansetNode()        {}
func (*scalarFilter) spansetNode() {}
func (*pipeline) spansetNode()     {}

// stage is a part of a pipeline: a spanset expression, *group, *coalesce or
// *selection.
type stage interface{ stageNode() }

type group struct{ by []expr }

type coalesce struct{}

type selection struct{ fields []field }

func (*filter) stageNode()       {}
func (*setOp) stageNode()        {}
func (*scalarFilter) stageNode() {}
func (*group) stageNode()        {}
func (*coalesce) stageNode()     {}
func (*selection) stageNode()    {}

// scalar is a number about a spanset: *scalarLiteral, *aggregate, *scalarOp,
// *scalarPipe.
type scalar interface{ scalarNode() }

type scalarLiteral struct{ value Value }

type aggregate struct {
	fn  string // count, min, max, avg, sum
	arg expr   // nil for count
}

type scalarOp struct {
	op   operator
	l, r scalar // l is nil for a sign
}

// scalarPipe computes a scalar of what a pipeline lets through: ({…} | count()).
type scalarPipe struct {
	stages []stage
	value  scalar
}

func (*scalarLiteral) scalarNode() {}
func (*aggregate) scalarNode()     {}
func (*scalarOp) scalarNode()      {}
func (*scalarPipe) scalarNode()    {}

// series is a set of time series: *metric, *rank, *threshold, *seriesOp,
// *scalarLiteral.
type series interface{ seriesNode() }

// metric turns spans into series.
type metric struct {
	source    []stage
	fn        string
	arg       expr      // what is measured; nil where the function counts
	quantiles []float64 // of quantile_over_time
	by        []field
	compare   *comparison // of compare
}

type comparison struct {
	selection *filter
	topN      int
	window    *[2]int64 // Unix ns; nil: not bounded in time
}

// rank is topk or bottomk.
type rank struct {
	x      series
	bottom bool
	k      int
}

// threshold keeps the points that compare to a number.
type threshold struct {
	op    operator
	x     series
	value Value
}

type seriesOp struct {
	op   operator
	l, r series
}

func (*metric) seriesNode()        {}
func (*rank) seriesNode()          {}
func (*threshold) seriesNode()     {}
func (*seriesOp) seriesNode()      {}
func (*scalarLiteral) seriesNode() {}

// operator is a binary or unary operator.
type operator uint8

const (
	opNone operator = iota
	opOr
	opAnd
	opEqual
	opNotEqual
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opMatch
	opNotMatch
	opAdd
	opSub
	opMul
	opDiv
	opMod
	opPow
	opNot
	opChild      // >
	opDescendant // >>
	opParent     // <
	opAncestor   // <<
	opSibling    // ~
)

var operatorTexts = [...]string{
	opOr: "||", opAnd: "&&", opEqual: "=", opNotEqual: "!=", opLess: "<", opLessEqual: "<=", opGreater: ">", opGreaterEqual: ">=",
	opMatch: "=~", opNotMatch: "!~", opAdd: "+", opSub: "-", opMul: "*", opDiv: "/", opMod: "%", opPow: "^", opNot: "!",
	opChild: ">", opDescendant: ">>", opParent: "<", opAncestor: "<<", opSibling: "~",
}

func (o operator) String() string { return operatorTexts[o] }

func (o operator) comparison() bool { return opEqual <= o && o <= opNotMatch }
func (o operator) ordering() bool   { return opLess <= o && o <= opGreaterEqual }
func (o operator) arithmetic() bool { return opAdd <= o && o <= opPow }

// Binding powers, higher binds tighter. Structural operators and comparisons
// share one level: which it is follows from what stands on both sides.
const (
	powerOr = iota + 1
	powerAnd
	powerCompare
	powerAdd
	powerMul
	powerSign
	powerPow
)

func (o operator) power() int {
	switch {
	case o == opOr:
		return powerOr
	case o == opAnd:
		return powerAnd
	case o == opAdd, o == opSub:
		return powerAdd
	case o == opMul, o == opDiv, o == opMod:
		return powerMul
	case o == opPow:
		return powerPow
	}
	return powerCompare
}
