// Package job runs the background work of a host as jobs of River
// (https://riverqueue.com): recovery, webhooks that wait, the pushing of
// events, and the deletion of old rows.
//
// A job is only a trigger. The worker that receives it finds out from the
// host's own tables what has to be done, so no job is worth keeping: a job that
// is lost is made again a moment later, and one that is made twice finds
// nothing to do. Each host makes its first jobs when it starts. From then on
// the leader, which River elects among the hosts of one database, makes them as
// time passes; and each host makes them now and then in case there is no
// leader.
//
// On PostgreSQL the jobs are in the host's database, so that hosts share them:
// each trigger goes to one host. With SQLite they have a file of their own
// beside the database, so that they do not wait for the host's commits, nor the
// commits for them. Nothing in that file outlives a start, and nothing in it is
// synced to the disk.
package job
