package main

import (
	"context"
	"os/user"

	"github.com/leakscope/leakscope/watchlist"
)

var eventHead = []string{"ID", "STATE", ">COUNT", "ASSIGNEE", "OPENED", "CHANGED"}

func eventRow(v watchlist.Event) []string {
	return []string{v.ID, string(v.State), number(v.Count), shorten(dash(v.Assignee), 16), moment(v.OpenedAt), moment(v.UpdatedAt)}
}

type monitorEventsCmd struct {
	workspaceFlag
	Monitor string               `placeholder:"ID" help:"Events of this monitor."`
	State   watchlist.EventState `placeholder:"STATE" help:"Events that are open, acknowledged or closed."`
	listFlags
}

func (c *monitorEventsCmd) Run(ctx context.Context, e *env) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	return e.directory(func(d *watchlist.Directory) error {
		l, err := d.Events(ctx, c.Workspace, c.Monitor, c.State, q)
		if err != nil {
			return err
		}
		return printList(e, l, "events", eventHead, eventRow)
	})
}

// eventFlags name an event and who does something to it.
type eventFlags struct {
	workspaceFlag
	Event string  `arg:"" help:"Id of the event."`
	By    *string `placeholder:"NAME" help:"In whose name; yours if not given."`
}

func (f *eventFlags) act(ctx context.Context, e *env, action watchlist.EventAction, text string) error {
	by := ""
	if u, err := user.Current(); err == nil {
		by = u.Username
	}
	set(&by, f.By)
	return e.directory(func(d *watchlist.Directory) error {
		v, err := d.ActOnEvent(ctx, f.Workspace, f.Event, by, action, text)
		if err != nil {
			return err
		}
		return e.print(v, func(p *page) {
			p.table(eventHead, [][]string{eventRow(v)})
			var rows [][]string
			for _, l := range v.Log {
				rows = append(rows, []string{moment(l.At), shorten(dash(l.By), 16), string(l.Action), shorten(dash(l.Text), 60)})
			}
			p.line("")
			p.table([]string{"AT", "BY", "ACTION", "TEXT"}, rows)
		})
	})
}

// eventNote is what goes with an action that needs no words.
type eventNote struct {
	eventFlags
	Text string `placeholder:"TEXT" help:"What there is to say."`
}

type monitorAckCmd struct{ eventNote }

func (c *monitorAckCmd) Run(ctx context.Context, e *env) error {
	return c.act(ctx, e, watchlist.Acknowledge, c.Text)
}

type monitorAssignCmd struct {
	eventFlags
	To string `arg:"" help:"To whom; empty for nobody."`
}

func (c *monitorAssignCmd) Run(ctx context.Context, e *env) error {
	return c.act(ctx, e, watchlist.Assign, c.To)
}

type monitorCommentCmd struct {
	eventFlags
	Text string `arg:"" help:"The comment."`
}

func (c *monitorCommentCmd) Run(ctx context.Context, e *env) error {
	return c.act(ctx, e, watchlist.Comment, c.Text)
}

type monitorCloseCmd struct{ eventNote }

func (c *monitorCloseCmd) Run(ctx context.Context, e *env) error {
	return c.act(ctx, e, watchlist.Close, c.Text)
}

var deliveryHead = []string{"ID", "STATE", ">ATTEMPTS", "PROBLEM", "CREATED"}

// deliveryRow leaves out the URL, which may be a secret of the receiver's.
func deliveryRow(v watchlist.Delivery) []string {
	return []string{v.ID, string(v.State), number(v.Attempts), shorten(dash(v.Problem), 40), moment(v.CreatedAt)}
}

type monitorDeadLettersCmd struct {
	workspaceFlag
	Pending bool `help:"List what is still tried instead."`
	listFlags
}

func (c *monitorDeadLettersCmd) Run(ctx context.Context, e *env) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	state := watchlist.DeliveryDead
	if c.Pending {
		state = watchlist.DeliveryPending
	}
	return e.directory(func(d *watchlist.Directory) error {
		l, err := d.Deliveries(ctx, c.Workspace, state, q)
		if err != nil {
			return err
		}
		return printList(e, l, "deliveries", deliveryHead, deliveryRow)
	})
}

type monitorRedeliverCmd struct {
	workspaceFlag
	Delivery string `arg:"" help:"Id of the delivery."`
}

// redelivered is what redeliver prints.
type redelivered struct {
	ID string `json:"id"`
}

func (c *monitorRedeliverCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		if _, err := d.Redeliver(ctx, c.Workspace, c.Delivery); err != nil {
			return err
		}
		return e.print(redelivered{c.Delivery}, func(p *page) { p.line("is sent with the next run") })
	})
}
