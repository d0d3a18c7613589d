// Package browser walks through the pages in a real Chromium, as readers and staff do, and has axe-core look at each.
// It holds no test that needs less than a running program: those stand beside the code they test.
package browser
