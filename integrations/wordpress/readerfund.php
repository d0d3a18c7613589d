<?php
/**
 * Plugin Name:       Readerfund
 * Description:       Puts your Readerfund appeal on your articles: at the end of each, by the shortcode [readerfund], as a block, or by pasting a donation page's address.
 * Version:           1.0.0
 * Requires at least: 5.9
 * Requires PHP:      7.4
 *
 * One file, to be copied into wp-content/plugins. It stores one option, "readerfund", and asks Readerfund for nothing: the
 * reader's browser gets the appeal, and where it cannot, a link stands there.
 *
 * @package Readerfund
 */

defined( 'ABSPATH' ) || exit;

const READERFUND_FORMATS = array( 'inline', 'banner', 'button', 'goal', 'form' );

/** What the link says that stands in for the appeal, by language. */
const READERFUND_STAND_IN = array(
	'ar' => 'ادعموا صحافتنا',
	'de' => 'Unterstützen Sie unseren Journalismus',
	'en' => 'Support our journalism',
	'es' => 'Apoye nuestro periodismo',
	'fr' => 'Soutenez notre journalisme',
	'uk' => 'Підтримайте нашу журналістику',
);

/** The room that is kept for each format where the settings ask for it; a banner lies over the page. */
const READERFUND_ROOM = array( '' => '64rem', 'inline' => '64rem', 'button' => '7rem', 'goal' => '12rem', 'form' => '44rem' );

/** The address of the Readerfund service without a slash at the end; empty until it is set. */
function readerfund_address() {
	$address = defined( 'READERFUND_ADDRESS' ) ? READERFUND_ADDRESS : ( get_option( 'readerfund', array() )['address'] ?? '' );
	return untrailingslashit( esc_url_raw( (string) $address, array( 'https', 'http' ) ) );
}

/**
 * The appeal's HTML. What is not a campaign's name or a format is left to Readerfund's defaults.
 *
 * @param array $wants campaign, format and lang; all may be missing.
 */
function readerfund_appeal( $wants ) {
	$base = readerfund_address();
	if ( '' === $base ) {
		return current_user_can( 'manage_options' )
			? '<p>' . esc_html__( 'Readerfund: set the service’s address under Settings → Readerfund.', 'readerfund' ) . '</p>' : '';
	}
	$wants    = shortcode_atts( array( 'campaign' => '', 'format' => '', 'lang' => '' ), (array) $wants, 'readerfund' );
	$campaign = sanitize_title( $wants['campaign'] );
	$post     = get_post();
	$data     = array(
		'campaign' => $campaign,
		'format'   => in_array( $wants['format'], READERFUND_FORMATS, true ) ? $wants['format'] : '',
		'lang'     => '' !== $wants['lang'] ? $wants['lang'] : get_bloginfo( 'language' ),
	);
	if ( $post ) {
		$data += array(
			'article' => get_permalink( $post ),
			'id'      => $post->ID,
			'section' => readerfund_names( get_the_category( $post->ID ) )[0] ?? '',
			'author'  => get_the_author_meta( 'display_name', $post->post_author ),
			'tags'    => implode( ',', readerfund_names( get_the_tags( $post->ID ) ) ),
		);
	}
	$page = $base . ( '' === $campaign ? '/' : '/support/' . $campaign );
	if ( $post ) {
		$page = add_query_arg( 'article', rawurlencode( get_permalink( $post ) ), $page );
	}
	$words = READERFUND_STAND_IN[ strtolower( substr( $data['lang'], 0, 2 ) ) ] ?? READERFUND_STAND_IN['en'];
	$link  = sprintf( '<a href="%s">%s</a>', esc_url( $page ), esc_html( $words ) );
	if ( is_feed() ) {
		return '<p>' . $link . '</p>';
	}
	$attributes = '';
	foreach ( $data as $name => $value ) {
		if ( '' !== (string) $value ) {
			$attributes .= sprintf( ' data-%s="%s"', $name, esc_attr( $value ) );
		}
	}
	$room = empty( get_option( 'readerfund', array() )['room'] ) ? '' : ( READERFUND_ROOM[ $data['format'] ] ?? '' );
	if ( '' !== $room ) {
		$room = ' style="min-height: ' . $room . '"';
	}
	return sprintf( '<div data-readerfund%s>%s</div><script async src="%s"%s></script>', $room, $link, esc_url( $base . '/embed/cta.js' ), $attributes );
}

/**
 * The names of terms; a comma in one would make it two.
 *
 * @param WP_Term[]|false|WP_Error $terms as WordPress gives them.
 */
function readerfund_names( $terms ) {
	return is_array( $terms ) ? str_replace( ',', ' ', wp_list_pluck( $terms, 'name' ) ) : array();
}

add_shortcode( 'readerfund', 'readerfund_appeal' );

// At the end of every article, where that is chosen and the article has no appeal of its own.
add_filter(
	'the_content',
	function ( $content ) {
		if ( false !== strpos( $content, 'data-readerfund' ) || ! is_singular( 'post' ) || ! in_the_loop() || empty( get_option( 'readerfund', array() )['everywhere'] ) ) {
			return $content;
		}
		return $content . readerfund_appeal( array() );
	},
	20 // after shortcodes and blocks
);

// The block, without a build step: what it shows is made by the server.
add_action(
	'init',
	function () {
		wp_register_script( 'readerfund-block', false, array( 'wp-blocks', 'wp-element', 'wp-components', 'wp-block-editor', 'wp-i18n' ), '1.0.0', true );
		wp_add_inline_script( 'readerfund-block', readerfund_block_script() );
		register_block_type(
			'readerfund/appeal',
			array(
				'api_version'     => 2,
				'editor_script'   => 'readerfund-block',
				'render_callback' => 'readerfund_appeal',
				'attributes'      => array(
					'campaign' => array( 'type' => 'string', 'default' => '' ),
					'format'   => array( 'type' => 'string', 'default' => '' ),
				),
			)
		);
	}
);

/** The editor's half of the block. */
function readerfund_block_script() {
	return <<<'JS'
( function ( blocks, element, components, editor, i18n ) {
	var el = element.createElement, __ = i18n.__;
	blocks.registerBlockType( 'readerfund/appeal', {
		apiVersion: 2,
		title: __( 'Readerfund appeal', 'readerfund' ),
		description: __( 'Asks readers to support your journalism.', 'readerfund' ),
		icon: 'heart',
		category: 'widgets',
		attributes: { campaign: { type: 'string', default: '' }, format: { type: 'string', default: '' } },
		edit: function ( props ) {
			var change = function ( name ) {
				return function ( value ) { var a = {}; a[ name ] = value; props.setAttributes( a ); };
			};
			return el( 'div', editor.useBlockProps(), el( components.Placeholder,
				{ icon: 'heart', label: __( 'Readerfund appeal', 'readerfund' ), instructions: __( 'Readers see the appeal here. Leave the fields as they are for the one that fits the article.', 'readerfund' ) },
				el( components.TextControl, { label: __( 'Campaign', 'readerfund' ), value: props.attributes.campaign, onChange: change( 'campaign' ) } ),
				el( components.SelectControl, { label: __( 'Format', 'readerfund' ), value: props.attributes.format, onChange: change( 'format' ), options: [
					{ value: '', label: __( 'As the campaign says', 'readerfund' ) },
					{ value: 'inline', label: __( 'At the end of an article', 'readerfund' ) },
					{ value: 'banner', label: __( 'Banner', 'readerfund' ) },
					{ value: 'button', label: __( 'Button', 'readerfund' ) },
					{ value: 'goal', label: __( 'Goal', 'readerfund' ) },
					{ value: 'form', label: __( 'Whole form', 'readerfund' ) }
				] } )
			) );
		},
		save: function () { return null; }
	} );
} )( wp.blocks, wp.element, wp.components, wp.blockEditor, wp.i18n );
JS;
}

// A donation page's address on a line of its own becomes the appeal.
add_action(
	'init',
	function () {
		$base = readerfund_address();
		if ( '' !== $base ) {
			wp_oembed_add_provider( $base . '/support/*', $base . '/oembed' );
		}
	}
);

// Settings → Readerfund.
add_action(
	'admin_init',
	function () {
		register_setting(
			'readerfund',
			'readerfund',
			array(
				'sanitize_callback' => function ( $typed ) {
					$address = untrailingslashit( esc_url_raw( trim( (string) ( $typed['address'] ?? '' ) ), array( 'https', 'http' ) ) );
					if ( '' === $address && ! empty( $typed['address'] ) ) {
						add_settings_error( 'readerfund', 'address', __( 'The address has to begin with https://', 'readerfund' ) );
					}
					return array( 'address' => $address, 'everywhere' => ! empty( $typed['everywhere'] ), 'room' => ! empty( $typed['room'] ) );
				},
			)
		);
	}
);
add_action(
	'admin_menu',
	function () {
		add_options_page( 'Readerfund', 'Readerfund', 'manage_options', 'readerfund', 'readerfund_settings' );
	}
);

/** The page of the settings. */
function readerfund_settings() {
	$set = get_option( 'readerfund', array() );
	?>
<div class="wrap"><h1>Readerfund</h1>
<form action="options.php" method="post">
	<?php settings_fields( 'readerfund' ); ?>
<table class="form-table" role="presentation">
<tr><th scope="row"><label for="readerfund-address"><?php esc_html_e( 'Address of the service', 'readerfund' ); ?></label></th>
<td><input class="regular-text" type="url" id="readerfund-address" name="readerfund[address]" placeholder="https://give.example.org"
	value="<?php echo esc_attr( $set['address'] ?? '' ); ?>"<?php disabled( defined( 'READERFUND_ADDRESS' ) ); ?>></td></tr>
<tr><th scope="row"><?php esc_html_e( 'Articles', 'readerfund' ); ?></th>
<td><label><input type="checkbox" name="readerfund[everywhere]" value="1"<?php checked( ! empty( $set['everywhere'] ) ); ?>>
	<?php esc_html_e( 'Put the appeal at the end of every article', 'readerfund' ); ?></label></td></tr>
<tr><th scope="row"><?php esc_html_e( 'Short articles', 'readerfund' ); ?></th>
<td><label><input type="checkbox" name="readerfund[room]" value="1" aria-describedby="readerfund-room"<?php checked( ! empty( $set['room'] ) ); ?>>
	<?php esc_html_e( 'Keep room for the appeal', 'readerfund' ); ?></label>
<p class="description" id="readerfund-room"><?php esc_html_e( 'The appeal never moves what a reader sees. Where an article is so short that its end is in sight at once, a link stands there and opens the appeal. With room kept, the appeal is there at once; the room stays empty for readers who are not asked.', 'readerfund' ); ?></p></td></tr>
</table>
	<?php submit_button(); ?>
</form></div>
	<?php
}
