package campaign

import (
	"fmt"
	"strconv"
	"strings"
)

// Widths are the widths, in pixels, in which pictures are kept beside their own: double the ones they are shown in,
// for screens with two pixels in a point.
var Widths = []int{96, 192, 384, 768}

// Path is the address of a picture at a width at least, below the service's own: the smallest file that is kept and not
// smaller, or the largest.
func (p Picture) Path(width int) string {
	for _, w := range Widths {
		if w >= width && w < p.Width {
			return p.path(w)
		}
	}
	return "/media/" + p.Digest
}

func (p Picture) path(width int) string { return "/media/" + p.Digest + "/" + strconv.Itoa(width) }

// Srcset lists the files for the attribute of that name; base is the service's own address, or empty on its own pages.
func (p Picture) Srcset(base string) string {
	var all []string
	for _, w := range Widths {
		if w < p.Width {
			all = append(all, fmt.Sprintf("%s%s %dw", base, p.path(w), w))
		}
	}
	return strings.Join(append(all, fmt.Sprintf("%s/media/%s %dw", base, p.Digest, p.Width)), ", ")
}
