// Package engine walks the main way of a reader in three engines: Chromium's, Firefox's and WebKit's, by plain
// WebDriver. What needs only one engine is tested in package browser.
package engine
