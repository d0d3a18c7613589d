package sandbox

import "regexp"

var (
	countryPattern = regexp.MustCompile(`^([A-Z]{2}|C2)$`)
	oneLinePattern = regexp.MustCompile(`^.*$`)
)

// addressLengths are the most characters of an address's members [Orders v2, address_portable].
var addressLengths = map[string]int{
	"address_line_1": 300, "address_line_2": 300, "address_line_3": 100, "admin_area_1": 300, "admin_area_2": 120,
	"admin_area_3": 100, "admin_area_4": 100, "postal_code": 60,
}

// shipping checks whom and where to ship to; the emulator keeps it as it came, and ships nothing.
func (c *checker) shipping(unit map[string]any, at string) {
	to := c.object(unit, at, "shipping")
	at += "/shipping"
	c.text(to, at, "type", textRule{oneOf: []string{
		"SHIPPING", "PICKUP_IN_PERSON", "PICKUP_IN_STORE", "PICKUP_FROM_PERSON",
	}})
	c.text(c.object(to, at, "name"), at+"/name", "full_name", textRule{max: 300})
	address := c.object(to, at, "address")
	if address == nil {
		return
	}
	for name, most := range addressLengths {
		c.text(address, at+"/address", name, textRule{max: most})
	}
	c.text(address, at+"/address", "country_code", textRule{required: true, min: 2, max: 2, pattern: countryPattern})
}
