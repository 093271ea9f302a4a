package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/watchlist"
)

// monitorCmd administers monitors, what they have found and what they send.
type monitorCmd struct {
	Create monitorCreateCmd `cmd:"" help:"Make a monitor of what comes from now on."`
	List   monitorListCmd   `cmd:"" help:"List monitors."`
	Update monitorUpdateCmd `cmd:"" help:"Change a monitor."`
	Delete monitorDeleteCmd `cmd:"" help:"Delete a monitor with its events."`
	Mute   monitorMuteCmd   `cmd:"" help:"Send nothing for a while; events open all the same."`
	Secret monitorSecretCmd `cmd:"" help:"Print the secret that signs a monitor's webhook requests."`
	Run    monitorRunCmd    `cmd:"" help:"Evaluate all monitors once, and send what is due."`

	Events  monitorEventsCmd  `cmd:"" help:"List events."`
	Ack     monitorAckCmd     `cmd:"" help:"Acknowledge an event: no more reminders."`
	Assign  monitorAssignCmd  `cmd:"" help:"Assign an event to somebody."`
	Comment monitorCommentCmd `cmd:"" help:"Comment on an event."`
	Close   monitorCloseCmd   `cmd:"" help:"Close an event: what comes then opens another one."`

	DeadLetters monitorDeadLettersCmd `cmd:"" help:"List what no webhook took."`
	Redeliver   monitorRedeliverCmd   `cmd:"" help:"Have it sent again."`
}

// monitorFilterFlags are what a monitor looks for, beside its workspace's scope.
type monitorFilterFlags struct {
	Domain   []string `sep:"none" group:"filters" placeholder:"V" help:"Domain of the login or the e-mail address, or one above it."`
	Username []string `sep:"none" group:"filters" placeholder:"V" help:"User name or e-mail address."`
	Keyword  []string `sep:"none" group:"filters" placeholder:"V" help:"Keyword in the host."`
	Type     []string `sep:"none" group:"filters" placeholder:"V" help:"Stealer or Combo. A credential that came first as the one is not new when it comes as the other, and never counts for a monitor of the other alone."`
	Country  []string `sep:"none" group:"filters" placeholder:"V" help:"Country, ISO 3166 alpha-2."`
	Stealer  []string `sep:"none" group:"filters" placeholder:"V" help:"Name of the stealer."`
}

func (f *monitorFilterFlags) filter() (watchlist.MonitorFilter, error) {
	filter := watchlist.MonitorFilter{
		Domains: f.Domain, Usernames: f.Username, Keywords: f.Keyword,
		Types: f.Type, Countries: f.Country, Stealers: f.Stealer,
	}
	return filter, asFlag(leaks.CheckMonitorFilter(filter))
}

// given reports whether any of the flags is.
func (f *monitorFilterFlags) given() bool {
	return len(f.Domain)+len(f.Username)+len(f.Keyword)+len(f.Type)+len(f.Country)+len(f.Stealer) > 0
}

// asFlag gives a parameter of a monitor's filter the name of its flag.
func asFlag(err error) error {
	var param *leaks.ParamError
	if !errors.As(err, &param) {
		return err
	}
	name, ok := strings.CutPrefix(param.Param, "filter.")
	if !ok {
		return err
	}
	flag := map[string]string{
		"domains": "domain", "usernames": "username", "keywords": "keyword",
		"types": "type", "countries": "country", "stealers": "stealer",
	}[name]
	return &leaks.ParamError{Param: cmp.Or(flag, name), Msg: param.Msg}
}

var monitorHead = []string{"ID", "NAME", ">THRESHOLD", "STATE", "EVENT", "CREATED"}

func monitorRow(m watchlist.Monitor) []string {
	state, event := "on", "-"
	switch {
	case m.Disabled:
		state = "off"
	case time.Now().Before(m.MutedUntil.Time):
		state = "muted"
	}
	if m.OpenEvent != "" {
		event = "open"
	}
	return []string{m.ID, shorten(m.Name, 30), number(m.Threshold), state, event, onDay(m.CreatedAt)}
}

func printMonitor(e *env, m watchlist.Monitor) error {
	return e.print(m, func(p *page) { p.table(monitorHead, [][]string{monitorRow(m)}) })
}

type monitorCreateCmd struct {
	workspaceFlag
	Name string `arg:"" help:"Name of the monitor."`
	monitorFilterFlags
	Threshold     int           `default:"1" help:"New credentials that open an event (${default})."`
	RenotifyAfter time.Duration `placeholder:"TIME" help:"Send an open event again after so long, such as 24h, until it is acknowledged."`
	RenotifyCount int           `placeholder:"N" help:"Send an open event again with every so many more."`
	Webhook       string        `placeholder:"URL" help:"Where to send."`
	Disabled      bool          `help:"Do not look yet."`
	Backlog       bool          `help:"Look at all there is already, too."`
}

func (c *monitorCreateCmd) Run(ctx context.Context, e *env) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	after, err := wholeSeconds(c.RenotifyAfter)
	if err != nil {
		return err
	}
	return e.query(func(s *leaks.Store) error {
		m, err := s.CreateMonitor(ctx, c.Workspace, watchlist.MonitorSpec{
			Name: c.Name, Filter: filter, Disabled: c.Disabled, Threshold: c.Threshold,
			RenotifyAfter: after, RenotifyCount: c.RenotifyCount, Webhook: c.Webhook,
		}, c.Backlog)
		if err != nil {
			return asFlag(err)
		}
		return printMonitor(e, m)
	})
}

func wholeSeconds(d time.Duration) (int64, error) {
	if d%time.Second != 0 {
		return 0, usageErrorf("--renotify-after: must be whole seconds")
	}
	return int64(d / time.Second), nil
}

type monitorListCmd struct {
	workspaceFlag
	listFlags
}

func (c *monitorListCmd) Run(ctx context.Context, e *env) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	return e.directory(func(d *watchlist.Directory) error {
		l, err := d.Monitors(ctx, c.Workspace, q)
		if err != nil {
			return err
		}
		return printList(e, l, "monitors", monitorHead, monitorRow)
	})
}

type monitorUpdateCmd struct {
	workspaceFlag
	Monitor string  `arg:"" help:"Id of the monitor."`
	Name    *string `placeholder:"NAME" help:"New name."`
	monitorFilterFlags
	ClearFilter   bool           `help:"Look for everything in scope. Filters that are given take the place of all there were."`
	Threshold     *int           `placeholder:"N" help:"New threshold."`
	RenotifyAfter *time.Duration `placeholder:"TIME" help:"New time; 0 for never."`
	RenotifyCount *int           `placeholder:"N" help:"New number; 0 for never."`
	Webhook       *string        `placeholder:"URL" help:"Where to send from now on; empty for nowhere."`
	Enable        bool           `xor:"enable" help:"Look again."`
	Disable       bool           `xor:"enable" help:"Look no more."`
}

func (c *monitorUpdateCmd) Run(ctx context.Context, e *env) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	if c.ClearFilter && c.given() {
		return usageErrorf("--clear-filter and filters exclude each other")
	}
	change := watchlist.MonitorChange{Name: c.Name, Threshold: c.Threshold, RenotifyCount: c.RenotifyCount, Webhook: c.Webhook}
	if c.ClearFilter || c.given() {
		change.Filter = &filter
	}
	if c.RenotifyAfter != nil {
		seconds, err := wholeSeconds(*c.RenotifyAfter)
		if err != nil {
			return err
		}
		change.RenotifyAfter = &seconds
	}
	if c.Enable || c.Disable {
		change.Disabled = &c.Disable
	}
	return e.query(func(s *leaks.Store) error {
		m, err := s.UpdateMonitor(ctx, c.Workspace, c.Monitor, change)
		if err != nil {
			return asFlag(err)
		}
		return printMonitor(e, m)
	})
}

// set changes a value if there is another one.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

type monitorDeleteCmd struct {
	workspaceFlag
	Monitor string `arg:"" help:"Id of the monitor."`
	Yes     bool   `required:"" help:"Confirm: its events go with it."`
}

func (c *monitorDeleteCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		if err := d.DeleteMonitor(ctx, c.Workspace, c.Monitor); err != nil {
			return err
		}
		return printDeleted(e, 1)
	})
}

type monitorMuteCmd struct {
	workspaceFlag
	Monitor string        `arg:"" help:"Id of the monitor."`
	For     time.Duration `placeholder:"TIME" help:"For how long, such as 8h."`
	Until   instant       `placeholder:"TIME" help:"Until when."`
	Off     bool          `help:"End the mute."`
}

func (c *monitorMuteCmd) Run(ctx context.Context, e *env) error {
	until := c.Until.Time
	n := 0
	for _, given := range []bool{c.For > 0, !until.IsZero(), c.Off} {
		if given {
			n++
		}
	}
	if n != 1 || c.For < 0 {
		return usageErrorf("say one of --for=TIME, --until=TIME and --off")
	}
	if c.For > 0 {
		until = time.Now().Add(c.For)
	}
	return e.directory(func(d *watchlist.Directory) error {
		m, err := d.MuteMonitor(ctx, c.Workspace, c.Monitor, until)
		if err != nil {
			return err
		}
		return printMonitor(e, m)
	})
}

type monitorSecretCmd struct {
	workspaceFlag
	Monitor string `arg:"" help:"Id of the monitor."`
}

// webhookSecret is what monitor secret prints.
type webhookSecret struct {
	Secret string `json:"secret"`
}

func (c *monitorSecretCmd) Run(ctx context.Context, e *env) error {
	return e.directory(func(d *watchlist.Directory) error {
		secret, err := d.WebhookSecret(ctx, c.Workspace, c.Monitor)
		if err != nil {
			return err
		}
		return e.print(webhookSecret{secret}, func(p *page) { p.line("%s", secret) })
	})
}

type monitorRunCmd struct {
	NoDeliver    bool `help:"Send nothing: leave it to leakd."`
	AllowPrivate bool `help:"Let webhooks go to http and to addresses that are not public."`
}

// monitorsRun is what monitor run prints.
type monitorsRun struct {
	Notices   int `json:"notices"`
	Delivered int `json:"delivered"`
	Failed    int `json:"failed"` // are tried again later
}

func (c *monitorRunCmd) Run(ctx context.Context, e *env) error {
	return e.query(func(s *leaks.Store) error {
		var answer monitorsRun
		var err error
		if answer.Notices, err = s.Watchlists().Evaluate(ctx, s); err != nil {
			return err
		}
		if !c.NoDeliver {
			sender := &watchlist.Sender{AllowPrivate: c.AllowPrivate}
			if answer.Delivered, answer.Failed, err = s.Watchlists().Deliver(ctx, sender); err != nil {
				return err
			}
		}
		return e.print(answer, func(p *page) {
			p.line("%s notices, %s delivered, %s not taken yet", number(answer.Notices), number(answer.Delivered), number(answer.Failed))
		})
	})
}
