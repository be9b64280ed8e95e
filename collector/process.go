package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/service"
)

// drainTime is how long a stop waits for requests and queues.
const drainTime = 30 * time.Second

// drainGrace is for what follows when drainTime has passed.
const drainGrace = 5 * time.Second

// stopping is logged when a signal stops the process.
const stopping = "stopping because of a signal; a second one stops at once"

// process runs what a configuration describes and replaces it on reload.
//
// otelcol.Collector does the same with two differences that matter here: on
// reload it stops the old configuration before it looks at the new one, and it
// ends the process when the new one fails. This one validates first, and goes
// back to the old configuration when the new one does not start.
//
// Everything in it runs on the goroutine of run; others send to reloads.
type process struct {
	load      func(context.Context) (*otelcol.Config, error) // reads the configuration anew
	factories otelcol.Factories
	info      component.BuildInfo
	started   func(*otelcol.Config) // called after every start

	reloads chan struct{}    // asks for a reload; buffered, one is enough
	failed  chan error       // fatal errors of components
	running *service.Service // nil between configurations
	config  *otelcol.Config  // that running was made from
}

// ReloadFunc asks the process to read its configuration again. A nil error
// means that the configuration is valid and about to take effect; with an
// error the process goes on with the configuration that it has.
type ReloadFunc func(context.Context) error

// reload implements ReloadFunc. It may be called from any goroutine.
func (p *process) reload(ctx context.Context) error {
	if err := p.check(ctx); err != nil {
		return err
	}
	select {
	case p.reloads <- struct{}{}:
	default: // one is waiting, and reads the configuration when its turn comes
	}
	return nil
}

// check loads the configuration and builds its pipelines without starting them.
func (p *process) check(ctx context.Context) error {
	cfg, err := p.load(ctx)
	if err != nil {
		return err
	}
	return explain(service.Validate(ctx, p.settings(cfg, nil), cfg.Service), cfg)
}

// run starts, serves until a signal or ctx ends it, and stops.
func (p *process) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, closeFactories(p.factories)) }()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	cfg, err := p.load(ctx)
	if err != nil {
		return err
	}
	starting, giveUp := context.WithCancel(ctx)
	defer giveUp() // not earlier: what has started may go on using the context
	if stopped, err := p.startUnlessStopped(starting, giveUp, cfg, signals); stopped || err != nil {
		return explain(err, cfg)
	}
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGHUP {
				p.running.Logger().Info("reloading the configuration because of SIGHUP")
				if err := p.reload(ctx); err != nil {
					p.running.Logger().Error("the configuration stays as it is: " + err.Error())
				}
				continue
			}
			signal.Reset(os.Interrupt, syscall.SIGTERM) // the second one kills
			p.running.Logger().Info(stopping)
			return p.stop()
		case <-p.reloads:
			if err := p.replace(ctx); err != nil {
				return err
			}
		case err := <-p.failed:
			return errors.Join(explain(err, p.config), p.stop())
		case <-ctx.Done():
			return p.stop()
		}
	}
}

// startUnlessStopped is the first start, which may take long where there is
// much to recover. A signal to stop ends it by giveUp, which ends ctx; one to
// reload waits in signals until it is over, for the configuration may have changed
// since it was read.
func (p *process) startUnlessStopped(ctx context.Context, giveUp context.CancelFunc, cfg *otelcol.Config, signals chan os.Signal) (stopped bool, err error) {
	started := make(chan error, 1)
	go func() { started <- p.start(ctx, cfg) }()
	reload := false
	for {
		select {
		case err := <-started:
			if reload {
				select {
				case signals <- syscall.SIGHUP:
				default: // there are others
				}
			}
			return false, err
		case s := <-signals:
			if s == syscall.SIGHUP {
				reload = true
				continue
			}
			signal.Reset(os.Interrupt, syscall.SIGTERM) // the second one kills
			giveUp()
			if err := <-started; err != nil && !errors.Is(err, context.Canceled) {
				return true, err
			}
			if p.running != nil { // it came when all but everything was started
				p.running.Logger().Info(stopping)
			}
			return true, p.stop()
		}
	}
}

func (p *process) start(ctx context.Context, cfg *otelcol.Config) error {
	conf := confmap.New()
	if err := conf.Marshal(cfg); err != nil {
		return err
	}
	srv, err := service.New(ctx, p.settings(cfg, conf), cfg.Service)
	if err != nil {
		return err
	}
	if err := srv.Start(ctx); err != nil {
		return errors.Join(err, srv.Shutdown(ctx))
	}
	p.running, p.config = srv, cfg
	p.started(cfg)
	return nil
}

// stop stops receivers first, then what they feed, then extensions. Not every
// component listens to the context, so that it gives up on its own in the end.
func (p *process) stop() error {
	if p.running == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	srv := p.running
	p.running = nil
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Shutdown(ctx) }()
	select {
	case err := <-stopped:
		return err
	case <-time.After(drainTime + drainGrace):
		return fmt.Errorf("requests were still under way after %v: they were given up", drainTime)
	}
}

// replace puts a new configuration in the place of the running one. It fails
// only when neither the new nor the old configuration starts.
func (p *process) replace(ctx context.Context) error {
	log, old := p.running.Logger(), p.config
	cfg, err := p.load(ctx)
	if err != nil {
		log.Error("the configuration stays as it is: " + err.Error())
		return nil //nolint:nilerr // a configuration that is not valid changes nothing
	}
	if err := p.stop(); err != nil {
		log.Error("stopping the old configuration: " + err.Error())
	}
	failure := p.start(ctx, cfg)
	if failure == nil {
		p.running.Logger().Info("the new configuration is in effect")
		return nil
	}
	failure = explain(failure, cfg)
	if err := p.start(ctx, old); err != nil {
		return fmt.Errorf("the new configuration does not start: %w; nor does the old one again: %w", failure, explain(err, old))
	}
	p.running.Logger().Error("the new configuration does not start, the old one is back in effect: " + failure.Error())
	return nil
}

func (p *process) settings(cfg *otelcol.Config, conf *confmap.Conf) service.Settings {
	f := p.factories
	return service.Settings{
		BuildInfo:           p.info,
		ConfigSnapshot:      extensioncapabilities.NewConfigSnapshot(conf, conf),
		ReceiversConfigs:    cfg.Receivers,
		ReceiversFactories:  f.Receivers,
		ProcessorsConfigs:   cfg.Processors,
		ProcessorsFactories: f.Processors,
		ExportersConfigs:    cfg.Exporters,
		ExportersFactories:  f.Exporters,
		ConnectorsConfigs:   cfg.Connectors,
		ConnectorsFactories: f.Connectors,
		ExtensionsConfigs:   cfg.Extensions,
		ExtensionsFactories: f.Extensions,
		AsyncErrorChannel:   p.failed,
		TelemetryFactory:    f.Telemetry,
	}
}

// closeFactories closes what factories hold for the life of the process.
func closeFactories(f otelcol.Factories) error {
	var errs []error
	for _, factory := range f.Extensions {
		if c, ok := factory.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
