// Package watchlist says who may see what. A [Directory] holds workspaces (an
// organisation each), their groups and the entries they watch, the quotas these
// are charged to, and API keys; it lies in the same database as the store whose
// data it guards. What a workspace may see is a [Scope], which every read of that
// data takes and which only this package can make.
//
// # What an entry grants
//
//	kind        value                                     the scope it makes
//	domain      a registrable domain or a name below it   that name and all below it, as domain of a login and of an e-mail address
//	keyword     3 to 100 characters                       the hosts that contain its tokens
//	bin         6 to 8 digits                             the payment cards that begin with them
//	executive   an e-mail address or a login              that username
//	asset       a host name, IP address, CIDR or any id   nothing
//	ransom      the name of an organisation               nothing
//
// Only active entries grant anything. Assets and ransom names are watched for by
// other means; would an asset that is a host name open that host's data, it would
// be a domain past the quota and the billing of domains.
//
// # One transaction
//
// Each call that writes is one durable transaction, quotas and counters included:
// they hold under any concurrency, and a call that fails has changed nothing.
// Entries charge the quota of their kind whether active or not. A scope is kept
// once made, and made again after any write to its workspace: what a returned
// call has written is in every scope asked for afterwards.
//
// # Groups
//
// A group is one watchlist of a workspace. An entry is in one group or in none.
// Deleting a group deletes its entries and refunds them: who deletes a watchlist
// wants its data out of sight. Move entries first to keep them.
//
// # Monitors
//
// A [Monitor] is a rule of a workspace, an [Event] what it has found. The
// transitions are pure functions (monitor_step.go); [Directory.Evaluate] shows each
// monitor what is new in a [MonitorSource] and stores what comes of it, and what is
// to be sent, in one transaction; [Directory.Deliver] sends that, at least once, with
// retries and a dead-letter list, through a [Sender], which signs it and goes to no
// address that is not public.
package watchlist
