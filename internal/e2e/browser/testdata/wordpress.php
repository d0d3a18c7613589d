<?php
// Installs a WordPress with the plugin and two stories: one with the shortcode, one with the block. Prints their addresses.
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url(getenv('WP_URL'), PHP_URL_HOST);
require getenv('WP_ROOT') . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
wp_install('The Harbour Courier', 'editor', 'editor@example.org', true, '', 'secret');
update_option('permalink_structure', '');
if ($failed = activate_plugin('readerfund.php')) {
	fwrite(STDERR, $failed->get_error_message());
	exit(1);
}
foreach (json_decode(getenv('WP_OPTIONS'), true) as $name => $value) {
	update_option($name, $value);
}
$text = '<p>For six years the Alder ran past a gauge that recorded nothing. We asked for the readings.</p>';
foreach (json_decode(getenv('WP_STORIES'), true) as $appeal) {
	$id = wp_insert_post([
		'post_title' => 'The river that nobody measured', 'post_status' => 'publish', 'post_content' => $text . $appeal,
	]);
	echo get_permalink($id), "\n";
}
