package main

import (
	"bytes"
	"context"
	_ "embed" // the fund drive's words and its picture
	"encoding/json"
	"errors"
	"time"

	"github.com/BurntSushi/toml"

	"readerfund/internal/campaign"
	"readerfund/internal/config"
	"readerfund/internal/db"
	"readerfund/internal/media"
	"readerfund/internal/money"
)

// driveSlug names the newsroom's fund drive, which stands in for its everyday campaign for a few weeks.
const driveSlug = "harbour-winter"

const (
	driveDays = 25      // that it has run
	driveLeft = 12      // days until its end
	driveGoal = 250_000 // cents
)

// variants are the wordings of the fund drive's heading that readers draw.
var variants = [...]string{"as-it-is", "for-somebody"}

var (
	//go:embed campaigns.toml
	driveWords string
	//go:embed portrait.jpg
	portrait []byte
)

// makeDrive makes the fund drive as staff would, with a face, a goal and another wording to compare.
func (d *demo) makeDrive(ctx context.Context, cfg config.Config) error {
	pool, err := db.Open(ctx, string(cfg.DatabaseURL), db.Options{MaxOpen: 1})
	if err != nil {
		return err
	}
	return errors.Join(d.publishDrive(ctx, pool, cfg), pool.Close())
}

func (d *demo) publishDrive(ctx context.Context, pool *db.DB, cfg config.Config) error {
	content, err := driveContent()
	if err != nil {
		return err
	}
	picture, err := media.New(pool, d.clock.now).Add(ctx, "portrait", bytes.NewReader(portrait))
	if err != nil {
		return err
	}
	content.Portrait = &picture
	staff := campaign.NewService(campaign.Config{DB: pool, Now: d.clock.now, Zone: cfg.Timezone})
	by := campaign.Actor{Name: staffEmail}
	y, m, day := time.Now().In(cfg.Timezone).Date()
	k, err := staff.Create(ctx, by, campaign.Edit{
		Slug: driveSlug, Content: content, FundDrive: true,
		StartsAt: time.Date(y, m, day-driveDays, 6, 0, 0, 0, cfg.Timezone),
		EndsAt:   time.Date(y, m, day+driveLeft, 0, 0, 0, 0, cfg.Timezone),
	})
	if err != nil {
		return err
	}
	if k, err = staff.Publish(ctx, by, k.Slug, k.Version); err != nil {
		return err
	}
	_, err = staff.MakeDefault(ctx, by, k.Slug, k.Version)
	return err
}

func driveContent() (campaign.Content, error) {
	var written struct {
		Texts map[string]campaign.Texts
		Other map[string]campaign.Texts
	}
	var tables map[string]any
	if _, err := toml.Decode(driveWords, &tables); err != nil {
		return campaign.Content{}, err
	}
	text, err := json.Marshal(tables) // by whose names the texts are known
	if err == nil {
		err = json.Unmarshal(text, &written)
	}
	if err != nil {
		return campaign.Content{}, err
	}
	return campaign.Content{
		Name: "Harbour winter", Language: "en",
		Texts:    written.Texts,
		Currency: "EUR", Frequency: "once", Suggested: map[money.Currency][]int64{
			"EUR": {500, 1000, 2500, 5000}, "USD": {500, 1000, 2500, 5000}, "GBP": {500, 1000, 2000, 4000},
			"CHF": {500, 1000, 2500, 5000}, "SEK": {6000, 12000, 30000, 60000}, "JPY": {800, 1500, 4000, 8000},
			"HUF": {2000, 4000, 10000, 20000},
		},
		Goal: &campaign.Goal{Kind: campaign.GoalAmount, Minor: driveGoal, Currency: "EUR"},
		Next: campaign.Next{
			Kind:    campaign.NextRead,
			Address: "https://harbour-courier.example/2026/who-owns-the-old-fish-market",
		},
		Variants: []campaign.Variant{
			{Name: variants[0], Weight: 1}, {Name: variants[1], Weight: 1, Texts: written.Other},
		},
	}, nil
}
