package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// bulkPage is how many records are listed at a time, after which a bulk command
// says how far it is.
const bulkPage = "50"

// bulk is what a command does to many records, page by page.
type bulk struct {
	list  request
	each  func(id string) request
	done  string                              // such as "retried"
	check func(answer []byte) (failed string) // says why one failed; may be nil
}

// bulkResult is the answer of a bulk command for programs.
type bulkResult struct {
	Done   int      `json:"done"`
	Failed []string `json:"failed"`
}

// inBulk does something to every record of a list. A record for which that fails
// is named, and does not keep the others from being done.
func (a *app) inBulk(cmd *cobra.Command, b bulk) error {
	ctx, stop := interruptible(cmd)
	defer stop()
	result := bulkResult{Failed: []string{}}

	for cursor := ""; ; {
		b.list.query.Set("limit", bulkPage)
		if cursor != "" {
			b.list.query.Set("cursor", cursor)
		}
		page, err := a.ask(ctx, b.list)
		if err != nil {
			return err
		}
		ids, next, err := pageIDs(page.body)
		if err != nil {
			return err
		}

		for _, id := range ids {
			why := a.bulkOne(ctx, b, id)
			if ctx.Err() != nil {
				a.note("stopped; %s %d, %d failed", b.done, result.Done, len(result.Failed))
				return errSaid
			}
			if why == "" {
				result.Done++
				continue
			}
			result.Failed = append(result.Failed, id)
			a.note("%s: %s", id, why)
		}

		if len(ids) > 0 {
			a.note("%s %d, %d failed", b.done, result.Done, len(result.Failed))
		}
		if cursor = next; cursor == "" {
			break
		}
	}

	return a.bulkEnd(result)
}

// bulkOne does it to one record, and returns why it failed.
func (a *app) bulkOne(ctx context.Context, b bulk, id string) (failed string) {
	answer, err := a.ask(ctx, b.each(id))
	switch {
	case err != nil:
		return strings.Join(strings.Fields(err.Error()), " ")
	case b.check != nil:
		return b.check(answer.body)
	}
	return ""
}

// pageIDs returns the ids of a page of a list.
func pageIDs(page []byte) (ids []string, next string, err error) {
	var found struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
		Next string `json:"next_cursor"`
	}
	err = read(page, &found)
	for _, one := range found.Data {
		ids = append(ids, one.ID)
	}
	return ids, found.Next, err
}

// bulkEnd says what became of all records.
func (a *app) bulkEnd(result bulkResult) error {
	total := result.Done + len(result.Failed)
	switch {
	case a.json:
		if err := a.printValue(result); err != nil {
			return err
		}
	case total == 0:
		a.note("there is nothing to do")
	}

	if len(result.Failed) > 0 {
		return errSaid
	}
	return nil
}
