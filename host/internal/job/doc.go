// Package job runs the background work of a host as jobs of River
// (https://riverqueue.com): recovery, notices that wait, the pushing of events,
// the forgetting of what is old.
//
// A job is a trigger and nothing else. What has to be done is found out from
// the host's own tables by whoever hears the trigger, so no job is worth
// keeping: one that is lost is made again a moment later, and one that is made
// twice finds nothing to do. Each host makes its first jobs when it starts;
// from then on the leader, which River elects among the hosts of one database,
// makes them as time passes; and each host makes them now and then in case
// there is no leader.
//
// On PostgreSQL the jobs are in the host's database, so that hosts share them:
// one host hears each trigger. With SQLite they have a file of their own beside
// the database, so that they do not wait for the host's commits, nor the
// commits for them. Nothing in it survives a start, and nothing of it is forced
// onto the disk.
package job
