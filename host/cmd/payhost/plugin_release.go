package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/release"
)

// signingPassword is the variable with the password of a secret key.
const signingPassword = "PAYHOST_SIGNING_PASSWORD"

type publishOptions struct {
	to, key, password string
	reports, sboms    []string
}

func (a *app) pluginPublishCommand() *cobra.Command {
	var o publishOptions
	command := &cobra.Command{
		Use:   "publish FILE...",
		Short: "Publish a version of a plugin to a folder or a registry, for several platforms",
		Long: `Publish a version of a plugin to a folder or an OCI registry (oci://registry.example/plugins).
A file is a program, built for its platform; PLATFORM=FILE says which where the file
does not show it, such as linux/amd64=acme.js. One is for this machine: it is asked, confined,
for its name and version. A published version never changes.

With the programs travel the conformance kit's reports (payhost plugin test --json), and a
list of components of each program that the Go compiler has built (CycloneDX). One
signed manifest has the sha256 of each part. --key is a secret key of minisign; its password is
in PAYHOST_SIGNING_PASSWORD, or where --password says.

Credentials of a registry are those of docker login, or PAYHOST_REGISTRY_USER and
PAYHOST_REGISTRY_PASSWORD.`,
		Example: "  payhost plugin publish build/acme-amd64 build/acme-arm64 --to /srv/plugins --report report.json --key acme.key\n" +
			"  payhost plugin publish build/acme --to oci://registry.example/plugins --key acme.key",
		Args: cobra.MinimumNArgs(1),
	}
	command.Flags().StringVar(&o.to, "to", "", "the folder or registry (required)")
	command.Flags().StringArrayVar(&o.reports, "report", nil,
		"a `file` with a report of the kit about one of the programs; may be repeated")
	command.Flags().StringArrayVar(&o.sboms, "sbom", nil,
		"a list of components for a program that Go has not built, `PLATFORM=FILE`")
	command.Flags().StringVar(&o.key, "key", "", "the `file` of the secret key that signs")
	command.Flags().StringVar(&o.password, "password", "env:"+signingPassword,
		"where the key's password is: `env:NAME or file:PATH`")
	require(command, "to")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := interruptible(cmd)
		defer stop()
		if err := a.publish(ctx, args, o); err != nil {
			return fmt.Errorf("plugin publish: nothing was published: %w", err)
		}
		return nil
	}
	return command
}

func (a *app) publish(ctx context.Context, files []string, o publishOptions) error {
	to, err := release.ParsePlace(o.to)
	if err != nil {
		return err
	}
	said, err := describedHere(ctx, files)
	if err != nil {
		return err
	}

	contents := release.Contents{
		Plugin: said.Name, Version: said.Version, Contract: said.ContractVersion,
		Programs: files, Reports: o.reports, SBOMs: o.sboms,
	}
	if o.key != "" {
		contents.Signer, err = release.ReadSigner(o.key, func() (string, error) {
			return secretOf("password", o.password)
		})
		if errors.Is(err, release.ErrPassword) {
			return fmt.Errorf("%w; it was read from %s", err, o.password)
		}
		if err != nil {
			return err
		}
	}
	bundle, err := contents.Bundle()
	if err != nil {
		return err
	}
	if err := to.Put(ctx, bundle); err != nil {
		return err
	}

	if a.json {
		return a.printValue(bundle.Manifest)
	}
	a.note("published %s to %s: %s", bundle.Manifest.Name(), to,
		strings.Join(bundle.Manifest.Platforms(), ", "))
	if contents.Signer == nil {
		a.note("it is not signed: a host that trusts any key refuses it")
		return nil
	}
	a.note("signed; hosts that trust this key have it in plugins.trusted_keys: %s",
		contents.Signer.Key())
	return nil
}

// describedHere asks the program for this machine who it is.
func describedHere(ctx context.Context, files []string) (*pluginInfo, error) {
	var found []string
	for _, named := range files {
		platform, path, err := release.PlatformOf(named)
		if err != nil {
			return nil, err
		}
		if platform == release.Here() {
			found = append(found, path)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d of the programs are for %s; publish on a machine for which there "+
			"is one: it is asked for the plugin's name and version", len(found), release.Here())
	}

	said, err := host.DescribePlugin(ctx, found[0])
	if err != nil {
		return nil, fmt.Errorf("%s does not describe itself: %w", found[0], err)
	}
	var info pluginInfo
	if err := read(said.Text, &info); err != nil || info.Name == "" {
		return nil, fmt.Errorf("%s is no plugin: its answer to \"describe\" is not a description",
			found[0])
	}
	return &info, nil
}

// secretOf returns what a reference stands for.
func secretOf(name, reference string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	secret := config.Resolve(folder, reference)
	if secret == "" {
		return "", fmt.Errorf("the %s is needed, and there is none in %s", name, reference)
	}
	return secret, nil
}

func (a *app) pluginInstallCommand() *cobra.Command {
	var from string
	command := &cobra.Command{
		Use:   "install PLUGIN[@VERSION]",
		Short: "Install a published plugin into plugin_dir, without running it",
		Long: `Install a published plugin for this platform into plugin_dir, as PLUGIN@VERSION, with the
papers that were published with it. Without a version it is the newest. Nothing of it is run,
and the program appears whole and on the disk, or not at all.

plugins.trusted_keys of config.toml are the publishers whose signature counts, and
plugins.require asks for a signature, a report of the kit that has passed, or both. A version
that is there already is left as it is.`,
		Example: "  payhost plugin install acme@1.3.0 --from /srv/plugins\n" +
			"  payhost plugin install acme --from oci://registry.example/plugins",
		Args: arguments("PLUGIN"),
	}
	command.Flags().StringVar(&from, "from", "", "the folder or registry (required)")
	require(command, "from")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := interruptible(cmd)
		defer stop()
		if err := a.install(ctx, args[0], from); err != nil {
			return fmt.Errorf("plugin install %s: %w", args[0], err)
		}
		return nil
	}
	return command
}

func (a *app) install(ctx context.Context, name, place string) error {
	cfg, policy, err := a.releases()
	if err != nil {
		return err
	}
	found, err := openRelease(ctx, policy, name, place)
	if err != nil {
		return err
	}
	done, err := found.Install(ctx, cfg.Host.PluginDir)
	if err != nil {
		return err
	}

	if a.json {
		return a.printValue(map[string]any{
			"plugin": found.Manifest.Plugin, "version": found.Manifest.Version,
			"file": done.Path, "sha256": done.SHA256, "platform": done.Platform,
			"signed_by": signer(found), "tested": found.Tested, "was_there": done.Before,
		})
	}
	a.printRelease(found)
	if done.Before {
		a.note("%s was there already", done.Path)
	} else {
		a.note("installed %s; nothing of it was run", done.Path)
	}
	a.note("to have it run: payhost plugin rehearse %s, set version = %q in [providers.NAME], "+
		"payhost lock, payhost reload", done.Path, found.Manifest.Version)
	return nil
}

func (a *app) pluginVerifyCommand() *cobra.Command {
	var from string
	command := &cobra.Command{
		Use:   "verify PLUGIN[@VERSION]",
		Short: "Verify a published or an installed plugin: signature, parts, reports",
		Long: `Verify every part of a published plugin against its signed manifest, and judge it as
install would. Without --from it is the one in plugin_dir, with the papers that were
installed with it. Nothing is run and nothing is changed.`,
		Example: "  payhost plugin verify acme@1.3.0 --from /srv/plugins\n  payhost plugin verify acme@1.3.0",
		Args:    arguments("PLUGIN"),
	}
	command.Flags().StringVar(&from, "from", "", "the folder or registry (default: what is installed)")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := interruptible(cmd)
		defer stop()
		if err := a.verify(ctx, args[0], from); err != nil {
			return fmt.Errorf("plugin verify %s: %w", args[0], err)
		}
		return nil
	}
	return command
}

func (a *app) verify(ctx context.Context, name, place string) error {
	cfg, policy, err := a.releases()
	if err != nil {
		return err
	}

	var found *release.Release
	if place == "" {
		plugin, version, _ := strings.Cut(name, "@")
		path := filepath.Join(cfg.Host.PluginDir, name)
		sum, err := release.Sum(path)
		if err != nil {
			return err
		}
		if found, err = policy.Of(cfg.Host.PluginDir, plugin, version, sum); err != nil {
			return err
		}
	} else {
		if found, err = openRelease(ctx, policy, name, place); err != nil {
			return err
		}
		if err := found.VerifyParts(ctx); err != nil {
			return err
		}
	}

	if a.json {
		return a.printValue(map[string]any{
			"plugin": found.Manifest.Plugin, "version": found.Manifest.Version,
			"platforms": found.Manifest.Sums(), "signed_by": signer(found), "tested": found.Tested,
		})
	}
	a.printRelease(found)
	return nil
}

// releases returns the configuration and what it asks of releases.
func (a *app) releases() (*host.Config, release.Policy, error) {
	cfg, err := host.LoadConfig(a.config)
	if err != nil {
		return nil, release.Policy{}, a.refuseConfig(err)
	}
	policy, err := release.NewPolicy(cfg.Plugins.TrustedKeys, cfg.Plugins.Require)
	return cfg, policy, err
}

// openRelease opens a release by its name, the newest when it has no version.
func openRelease(
	ctx context.Context, policy release.Policy, name, place string,
) (*release.Release, error) {
	from, err := release.ParsePlace(place)
	if err != nil {
		return nil, err
	}
	plugin, version, _ := strings.Cut(name, "@")
	if version == "" {
		if version, err = release.Newest(ctx, from, plugin); err != nil {
			return nil, err
		}
	}
	return policy.Open(ctx, from, plugin, version)
}

// signer says who has signed a release.
func signer(of *release.Release) string {
	switch {
	case of.Publisher != nil:
		return of.Publisher.ID()
	case of.Signed:
		return "not checked: plugins.trusted_keys is empty"
	}
	return ""
}

func (a *app) printRelease(of *release.Release) {
	sheet := a.block()
	sheet.field("plugin", of.Manifest.Name())
	sheet.field("contract", fmt.Sprint(of.Manifest.Contract))
	sheet.field("platforms", strings.Join(of.Manifest.Platforms(), ", "))
	if of.Manifest.Revision != "" {
		sheet.field("built of", of.Manifest.Revision)
	}
	sheet.field("signed by", orElse(signer(of), "nobody"))
	if of.Tested != "" {
		sheet.field("kit", "passed on "+of.Tested)
	} else {
		sheet.field("kit", of.NotTested)
	}
	sheet.print()
}

// listedPlugin is a line of `payhost plugin list`.
type listedPlugin struct {
	File      string `json:"file"`
	SHA256    string `json:"sha256"`
	Locked    string `json:"locked"` // yes, no, or other: the lock has another program
	Providers string `json:"providers"`
	SignedBy  string `json:"signed_by"`
	Tested    string `json:"tested"`
	Contract  int    `json:"contract_version,omitempty"`
	Newest    string `json:"newest,omitempty"`
	Problem   string `json:"problem,omitempty"`
}

func (a *app) pluginListCommand() *cobra.Command {
	var from string
	command := &cobra.Command{
		Use:   "list",
		Short: "List the plugins in plugin_dir: who uses, locks, signed and tested them",
		Long: `List the plugins in plugin_dir: which providers of config.toml use each, whether
payhost.lock has it, who has signed it, whether the kit's report has passed, and with --from
the newest version there. Nothing of them is run.`,
		Example: "  payhost plugin list\n  payhost plugin list --from oci://registry.example/plugins",
		Args:    cobra.NoArgs,
	}
	command.Flags().StringVar(&from, "from", "", "a folder or registry, to show its newest versions")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := interruptible(cmd)
		defer stop()
		list, err := a.installed(ctx, from)
		if err != nil {
			return fmt.Errorf("plugin list: %w", err)
		}
		if a.json {
			return a.printValue(map[string]any{"data": list})
		}
		a.printInstalled(list, from != "")
		return nil
	}
	return command
}

func (a *app) installed(ctx context.Context, place string) (list []listedPlugin, err error) {
	cfg, policy, err := a.releases()
	if err != nil {
		return nil, err
	}
	var from release.Place
	if place != "" {
		if from, err = release.ParsePlace(place); err != nil {
			return nil, err
		}
	}
	entries, err := os.ReadDir(cfg.Host.PluginDir)
	if err != nil {
		return nil, err
	}

	list = []listedPlugin{}
	newest := map[string]string{}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		one := listedPlugin{File: entry.Name(), Providers: usedBy(cfg, entry.Name())}
		one.judge(cfg, policy)

		plugin, _, _ := strings.Cut(entry.Name(), "@")
		if _, asked := newest[plugin]; !asked && from != nil {
			found, err := release.Newest(ctx, from, plugin)
			if err != nil {
				found = "" // others may be there
			}
			newest[plugin] = found
		}
		one.Newest = newest[plugin]
		list = append(list, one)
	}
	return list, nil
}

// judge finds out what is known of an installed program.
func (l *listedPlugin) judge(cfg *host.Config, policy release.Policy) {
	path := filepath.Join(cfg.Host.PluginDir, l.File)
	sum, err := release.Sum(path)
	if err != nil {
		l.Problem = err.Error()
		return
	}
	l.SHA256 = sum

	locked, known := cfg.Lock.Sum(l.File)
	switch {
	case !known:
		l.Locked = "no"
	case locked == sum:
		l.Locked = "yes"
	default:
		l.Locked = "other"
	}

	plugin, version, _ := strings.Cut(l.File, "@")
	of, err := policy.Of(cfg.Host.PluginDir, plugin, version, sum)
	if errors.Is(err, fs.ErrNotExist) {
		return // not installed from a release
	}
	if err != nil {
		l.Problem = err.Error()
		return
	}
	l.SignedBy, l.Tested, l.Contract = signer(of), of.Tested, of.Manifest.Contract
}

// usedBy names the providers that run a program.
func usedBy(cfg *host.Config, file string) string {
	var names []string
	for _, account := range cfg.Providers {
		if account.Enabled && account.Program() == file {
			names = append(names, account.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (a *app) printInstalled(list []listedPlugin, withNewest bool) {
	headings := []string{"PLUGIN", "SHA256", "USED BY", "LOCKED", "SIGNED BY", "KIT", "CONTRACT"}
	if withNewest {
		headings = append(headings, "NEWEST")
	}
	rows := a.table(headings...)
	for _, one := range list {
		contract := ""
		if one.Contract > 0 {
			contract = fmt.Sprint(one.Contract)
		}
		kit := one.Tested
		if kit != "" {
			kit = "passed on " + kit
		}
		cells := []string{
			one.File, one.SHA256[:min(12, len(one.SHA256))], one.Providers, one.Locked,
			one.SignedBy, kit, contract,
		}
		if withNewest {
			cells = append(cells, one.Newest)
		}
		rows.row(cells...)
	}
	rows.print()
	for _, one := range list {
		if one.Problem != "" {
			a.note("%s: %s", one.File, one.Problem)
		}
	}
}
