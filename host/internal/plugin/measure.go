package plugin

// measure names one thing that keeps a plugin from the rest of the machine. It
// is what Isolation counts, and what isolation = "strict" asks for.
type measure string

// The measures. CONFINEMENT.md has the rows of the table below in words.
const (
	ownFiles      measure = "own files only"
	noSockets     measure = "no sockets of others"
	noServers     measure = "no TCP servers"
	noSignals     measure = "no signals to others"
	ownCalls      measure = "no system calls on others"
	noPrivileges  measure = "no new privileges"
	noCapability  measure = "no capabilities"
	boundMemory   measure = "bounded memory"
	boundFiles    measure = "bounded open files"
	boundFileSize measure = "bounded files"
	noDumps       measure = "no core dumps"
	marked        measure = "no children that stay"
	heldAtStart   measure = "limits from the first instruction"
	ownGroup      measure = "own control group"
)

// Row is one row of the table of what a plugin is kept from.
type Row struct {
	// Thing is what the row is about, such as "files".
	Thing string

	// By is what enforces it: the measure as "payhost providers show" names it,
	// or "always" for what the host does itself on every system.
	By measure

	// Strict reports whether isolation = "strict" asks for it.
	Strict bool

	// Test is the test that fails without it.
	Test string
}

// always is for what needs nothing of the system.
const always measure = "always"

// Table returns what a plugin may not do to the machine, thing by thing.
// CONFINEMENT.md tells for each row what enforces it, since which kernel, and
// what happens where it is missing; a test keeps both together.
func Table() []Row {
	return []Row{
		{"files", ownFiles, true, "TestPluginReachesItsOwnFilesAndNoOthers"},
		{
			"programs of the system",
			ownFiles,
			true,
			"TestScriptReachesTheSystemsProgramsAndNothingElse",
		},
		{"attributes of files", ownCalls, true, "TestPluginChangesNoAttributesOfFiles"},
		{"unix sockets with a path", noSockets, true, "TestPluginConnectsToNoUnixSocket"},
		{"abstract unix sockets", noSockets, true, "TestPluginConnectsToNoUnixSocket"},
		{"TCP, to listen", noServers, true, "TestPluginServesNobodyOverTCP"},
		{"TCP and UDP, to connect", always, false, "TestPluginStillConnectsOverTheNetwork"},
		{"other protocols", ownCalls, true, "TestPluginMakesNoOtherSockets"},
		{"signals", noSignals, true, "TestPluginReachesNoOtherProcess"},
		{"limits of others", ownCalls, true, "TestPluginChangesNoOtherProcess"},
		{"scheduling of others", ownCalls, true, "TestPluginChangesNoOtherProcess"},
		{"memory of others", ownCalls, true, "TestPluginChangesNoOtherProcess"},
		{
			"the kernel and its namespaces",
			ownCalls,
			true,
			"TestPluginMakesNoSystemCallsOnTheMachine",
		},
		{"the host's mark", ownCalls, true, "TestChildThatLowersItsMarkIsStillKnown"},
		{
			"programs that were not checked",
			ownCalls,
			true,
			"TestPluginMakesNoSystemCallsOnTheMachine",
		},
		{"privileges", noPrivileges, true, "TestPluginHasNoPrivilegesAndIsHeldToItsLimits"},
		{"capabilities", noCapability, true, "TestPluginInheritsNoCapabilities"},
		{"memory", boundMemory, true, "TestPluginThatLeaksMemoryIsEnded"},
		{"shared memory", ownCalls, true, "TestPluginSharesNoMemory"},
		{"open files", boundFiles, true, "TestPluginThatOpensEverythingIsHeldBack"},
		{"size of a file", boundFileSize, true, "TestPluginWritesNoEndlessFile"},
		{"disk, in all", always, false, "TestPluginThatFillsItsFolderIsEnded"},
		{"children, how many", always, false, "TestPluginWithTooManyChildrenIsEnded"},
		{"children, how long", marked, true, "TestDaemonsAreGoneWithThePlugin"},
		{"children of the host", ownCalls, true, "TestPluginMakesNoChildrenOfTheHost"},
		{"memory and children together", ownGroup, false, "TestControlGroupHoldsThePlugin"},
		{"log", always, false, "TestPluginThatLogsWithoutEndIsCutShort"},
		{"streams", always, false, "TestPluginGetsNoStreamButItsOutput"},
		{"core dumps", noDumps, true, "TestPluginHasNoPrivilegesAndIsHeldToItsLimits"},
		{"environment", always, false, "TestPluginSeesNothingOfTheHost"},
		{"inherited files", always, false, "TestPluginSeesNothingOfTheHost"},
		{
			"the first instruction",
			heldAtStart,
			true,
			"TestPluginThatMayNotBeTracedRunsAllTheSame",
		},
		{
			"the admin socket",
			always,
			false,
			"TestAdminSocketHangsUpOnPluginsAndNotOnOthers",
		},
	}
}
