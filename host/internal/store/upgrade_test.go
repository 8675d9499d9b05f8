package store_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
)

// formerTables is a migration whose tables later ones change under a host.
const formerTables = 11

func TestTablesAreNotChangedUnderAHostOfAnEarlierVersion(t *testing.T) {
	url := storetest.Postgres(t)
	store.OpenBefore(t, url, formerTables)
	conns, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer conns.Close()

	beat := func() {
		_, err := conns.ExecContext(t.Context(),
			`INSERT INTO hosts (instance, started_at, beat_at)
			VALUES ('former', 0, EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)
			ON CONFLICT (instance) DO UPDATE SET beat_at = excluded.beat_at`)
		if err != nil {
			t.Error(err)
		}
	}
	beat()

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			beat()
		}
	}()

	_, err = store.Open(t.Context(), url)
	stop()
	<-ended
	if err == nil {
		t.Fatal("the tables were changed under a living host")
	}
	for _, want := range []string{"former", "stop them all", "nothing was changed"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}

	// Its last heartbeat is so old by now that it is gone in a moment.
	_, err = conns.ExecContext(t.Context(), `UPDATE hosts SET beat_at =
		EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 - $1`,
		(store.HostGoneAfter - 300*time.Millisecond).Microseconds())
	if err != nil {
		t.Fatal(err)
	}

	open(t, url)
}
