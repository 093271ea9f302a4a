// Package watchlist says who may see what: the values that an organisation
// watches, and the [Scope] that they make.
package watchlist
