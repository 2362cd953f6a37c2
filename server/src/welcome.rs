//! What does whoever starts the relay see on stdout? The registration token until it was used once, and where the relay is.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use entwine_core::registration::RegistrationToken;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use url::form_urlencoded::Serializer;

use crate::auth::{Origin, is_unspecified};

/// The token, and on a terminal a QR code that holds it together with the relay's address, for the phone that founds a space:
/// `entwine://create#relay=…&token=…`.
#[must_use]
pub fn token(token: &RegistrationToken, public_urls: &[Origin], listening: SocketAddr, is_terminal: bool) -> String {
    let mut text = format!("registration token: {}\n", token.reveal());
    let relay = public_urls.first().map(ToString::to_string).or_else(|| reachable(listening));
    if is_terminal
        && let Some(relay) = relay
        && let Some(code) = qr_code(&relay, token)
    {
        writeln!(text, "{code}\nfor {relay}").expect("writing to a String cannot fail");
    }
    text
}

/// The line by which a script knows that the relay accepts connections.
#[must_use]
pub fn listening(address: SocketAddr) -> String {
    format!("listening on http://{address}\n")
}

fn qr_code(relay: &str, token: &RegistrationToken) -> Option<String> {
    let query =
        Serializer::new(String::new()).append_pair("relay", relay).append_pair("token", token.reveal()).finish();
    let code = QrCode::new(format!("entwine://create#{query}")).ok()?;
    // Most terminals write light on dark, so what is blank stands for the dark modules.
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// Where a phone in the same network may find the relay. "Everywhere" is no place to send somebody to, so that becomes the
/// address by which this machine would reach others.
fn reachable(listening: SocketAddr) -> Option<String> {
    let ip = if is_unspecified(&listening.ip()) { outward(listening.ip())? } else { listening.ip() };
    Some(format!("http://{}", SocketAddr::new(ip, listening.port())))
}

/// Asks the system for a route; connecting a UDP socket sends nothing. The targets are addresses for documentation.
fn outward(family: IpAddr) -> Option<IpAddr> {
    let target: IpAddr = match family {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(family, 0)).ok()?;
    socket.connect(SocketAddr::new(target, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !is_unspecified(ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

    #[test]
    fn a_script_finds_the_token_in_one_line() {
        let shown = token(&RegistrationToken::new("come in"), &[], LOOPBACK, false);
        assert_eq!(shown, "registration token: come in\n");
    }

    #[test]
    fn on_a_terminal_a_qr_code_brings_address_and_token() {
        let shown = token(&RegistrationToken::new("come in"), &[], LOOPBACK, true);
        assert!(shown.ends_with("\nfor http://127.0.0.1:8080\n"), "{shown}");
        assert!(shown.lines().count() > 15, "{shown}");
        let public = ["https://relay.example.org".parse().unwrap()];
        let shown = token(&RegistrationToken::new("come in"), &public, LOOPBACK, true);
        assert!(shown.ends_with("\nfor https://relay.example.org\n"), "{shown}");
    }

    #[test]
    fn nobody_is_sent_to_everywhere() {
        let everywhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 8080);
        assert_ne!(reachable(everywhere).as_deref(), Some("http://0.0.0.0:8080"));
    }
}
